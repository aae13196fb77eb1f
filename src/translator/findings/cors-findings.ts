/** CORS filters without effect: preflights do not reach them, or another filter also sets their response headers. */
import { CORS_FIELDS } from '../../lib/cors-fields.ts';
import { headerSetByCors, preflightUnreachable } from '../faults/advice.ts';
import type { Fault } from '../faults/fault.ts';
import { editedHeaders } from '../filter/header-modifier.ts';
import type { FilterNode, RouteNode, RuleNode } from '../graph/nodes.ts';
import type { PathMatch, RouteMatch } from '../../ir/match.ts';

/** Headers that a preflight may carry: from browsers (Fetch standard) and from proxies in front of the gateway. */
const IN_PREFLIGHTS =
  /^(?:host|origin|referer|user-agent|via|forwarded|x-real-ip|accept(?:-language|-encoding)?|(?:access-control-request|sec-fetch|x-forwarded)-.+)$/;

export function corsFaults({ rules }: RouteNode): readonly Fault[] {
  if (!rules.some(hasCors)) return [];
  return rules.flatMap((rule) =>
    hasCors(rule) ? [...unreachableMatches(rule, rules), ...overruledHeaders(rule)] : [],
  );
}

const isCors = ({ spec }: FilterNode): boolean => spec.type === 'CORS';
const hasCors = ({ filters, backends }: RuleNode): boolean =>
  filters.some(isCors) || backends.some((backend) => backend.filters.some(isCors));

/** Matches whose preflights no rule of the route responds to. */
function unreachableMatches(rule: RuleNode, rules: readonly RuleNode[]): Fault[] {
  const answered = rules.filter(hasCors).flatMap(matchesOf).filter(isKnown);
  return matchesOf(rule).flatMap((match, index) => {
    if (isKnown(match) || answered.some((other) => covers(other, match))) return [];
    const names = match.headers.map(({ name }) => name).filter((name) => !IN_PREFLIGHTS.test(name));
    return [preflightUnreachable(`${rule.path}.matches[${index}].headers`, names)];
  });
}

const matchesOf = ({ matches }: RuleNode): readonly RouteMatch[] => matches.map(({ match }) => match);

/** True if a preflight satisfies all conditions of the match. */
const isKnown = ({ headers }: RouteMatch): boolean => headers.every(({ name }) => IN_PREFLIGHTS.test(name));

/** Whether `one`, which requires no unknown header, matches the preflights of requests that `other` matches. */
function covers(one: RouteMatch, other: RouteMatch): boolean {
  const isIn = (query: RouteMatch['query'][number]): boolean =>
    other.query.some((its) => JSON.stringify(its) === JSON.stringify(query));
  return (
    coversPath(one.path, other.path) &&
    (one.method === null || one.method === other.method) &&
    one.query.every(isIn)
  );
}

function coversPath(one: PathMatch, other: PathMatch): boolean {
  if (one.kind === 'regex' || other.kind === 'regex') {
    const isSame = one.kind === 'regex' && other.kind === 'regex' && one.pattern === other.pattern;
    return isSame || (one.kind === 'prefix' && one.value === '/');
  }
  if (one.kind === 'exact') return other.kind === 'exact' && one.value === other.value;
  const inner = one.value === '/' ? '/' : `${one.value}/`;
  return other.value === one.value || other.value.startsWith(inner);
}

/** CORS response headers that a header modifier edits without effect, because a CORS filter sets them. */
function overruledHeaders({ filters, backends }: RuleNode): Fault[] {
  const isRuleWide = filters.some(isCors);
  return [filters, ...backends.map((backend) => backend.filters)].flatMap((list) =>
    isRuleWide || list.some(isCors) ? editsOfCors(list) : [],
  );
}

const editsOfCors = (filters: readonly FilterNode[]): Fault[] =>
  filters.flatMap(({ spec: { responseHeaderModifier }, path: at }) =>
    editedHeaders(responseHeaderModifier, `${at}.responseHeaderModifier`).flatMap(([name, path]) =>
      CORS_FIELDS.has(name.toLowerCase()) ? [headerSetByCors(path, name)] : [],
    ),
  );
