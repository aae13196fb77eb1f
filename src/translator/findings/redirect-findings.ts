/**
 * Redirect loops within one rule. The usual cause: a route that redirects to HTTPS is attached to the HTTPS listener
 * as well.
 */
import type { RouteMatch } from '../../ir/match.ts';
import type { Fault } from '../faults/fault.ts';
import { redirectLoop } from '../faults/match-advice.ts';
import type { ListenerNode, RouteNode, RuleNode } from '../graph/nodes.ts';
import type { FilterSpec } from '../graph/route-adapter.ts';

type Redirect = NonNullable<FilterSpec['requestRedirect']>;

const PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };

export function redirectFaults(route: RouteNode): readonly Fault[] {
  return route.rules.flatMap((rule) => {
    const filter = rule.filters.find(({ spec }) => spec.type === 'RequestRedirect');
    const redirect = filter?.spec.requestRedirect;
    if (filter === undefined || redirect === undefined || rule.invalid.length > 0) return [];
    const listeners = [
      ...new Set(route.parents.flatMap(({ points }) => points.filter((point) => point.kind === 'listener'))),
    ];
    const loop = listeners.find((listener) => staysAt(listener, redirect, route));
    if (loop === undefined) return [];
    const path = pathsOf(rule)
      .map((match) => nextPath(match, redirect))
      .find((next) => next !== null && isTakenBy(rule, next, route));
    if (path === undefined || path === null) return [];
    const host = redirect.hostname ?? route.hostnames[0] ?? 'the same host';
    const scheme = redirect.scheme ?? schemeOf(loop);
    return [redirectLoop(filter.path, `${scheme}://${host}${path}`, loop.spec.name)];
  });
}

const schemeOf = ({ terminatesTls }: ListenerNode): string => (terminatesTls ? 'https' : 'http');

/** Whether the Location belongs to this listener and to a hostname of the route. */
function staysAt(listener: ListenerNode, { scheme, port, hostname }: Redirect, route: RouteNode): boolean {
  const own = schemeOf(listener);
  const target = port ?? (scheme === undefined ? listener.spec.port : PORTS[scheme]);
  if ((scheme ?? own) !== own || target !== listener.spec.port) return false;
  return hostname === undefined || route.hostnames.includes(hostname);
}

/** Paths of the matches that also match the redirected request: matches whose only predicate is the path. */
const pathsOf = (rule: RuleNode): readonly RouteMatch['path'][] =>
  rule.matches
    .map(({ match }) => match)
    .filter(
      ({ method, headers, query }) =>
        (method === null || method === 'GET') && headers.length + query.length === 0,
    )
    .map(({ path }) => path);

/** The path that a matching request is redirected to; null when it is unknown. */
function nextPath(match: RouteMatch['path'], { path }: Redirect): string | null {
  if (match.kind === 'regex') return path === undefined ? null : (path.replaceFullPath ?? null);
  if (path === undefined) return match.value;
  return path.replaceFullPath ?? path.replacePrefixMatch ?? null;
}

/** Whether `rule` matches that path too, and no other rule of the route matches it with a longer path. */
function isTakenBy(rule: RuleNode, path: string, route: RouteNode): boolean {
  const own = longest(pathsOf(rule), path);
  return own > 0 && route.rules.every((other) => other === rule || longest(allPaths(other), path) <= own);
}

const allPaths = (rule: RuleNode): readonly RouteMatch['path'][] =>
  rule.matches.map(({ match }) => match.path);

/** Length of the longest literal path that matches `path`, exact matches first; 0 when none does. */
function longest(matches: readonly RouteMatch['path'][], path: string): number {
  return Math.max(
    0,
    ...matches.map((match) => {
      if (match.kind === 'regex') return 0;
      const { kind, value } = match;
      if (kind === 'exact') return value === path ? Infinity : 0;
      return value === '/' || path === value || path.startsWith(`${value}/`) ? value.length : 0;
    }),
  );
}
