/** Matches of HTTPRoute and GRPCRoute as predicates of the data plane, with their rank. */
import type { GRPCRouteRuleMatch, HTTPRouteRuleMatch } from '../../gatewayapi/generated/types.ts';
import type { HeaderMatch, PathMatch, QueryMatch, RouteMatch, StringMatch } from '../../ir/match.ts';
import type { MatchSpec } from './route-adapter.ts';

/**
 * How specific a match is: numbers of decreasing weight, larger is more specific. The matches of one hostname are all of one kind:
 * HTTPRoutes and GRPCRoutes cannot share a hostname, so ranks of different kinds are never compared.
 */
export type MatchRank = readonly number[];

export interface RankedMatch {
  readonly match: RouteMatch;
  readonly rank: MatchRank;
}

/** Negative if `a` is more specific. */
export function compareRank(a: MatchRank, b: MatchRank): number {
  for (const [index, value] of a.entries()) {
    const other = b[index] ?? 0;
    if (value !== other) return other - value;
  }
  return 0;
}

export function predicateOf(match: MatchSpec): RankedMatch {
  return match.kind === 'http' ? httpPredicate(match.spec) : grpcPredicate(match.spec);
}

/** Precedence of path match types (HTTPRouteRule.matches). Regular expressions come second; the API does not define their place. */
const PATH_RANK: Readonly<Record<PathMatch['kind'], number>> = { exact: 2, regex: 1, prefix: 0 };

function httpPredicate(spec: HTTPRouteRuleMatch): RankedMatch {
  const match: RouteMatch = {
    path: pathMatch(spec.path?.type, spec.path?.value ?? '/'),
    method: spec.method ?? null,
    headers: headerMatches(spec.headers),
    query: queryMatches(spec.queryParams),
  };
  const { path } = match;
  const pathLength = path.kind === 'regex' ? path.pattern.length : path.value.length;
  const rank = [
    PATH_RANK[path.kind],
    pathLength,
    match.method === null ? 0 : 1,
    match.headers.length,
    match.query.length,
  ];
  return { match, rank };
}

function pathMatch(type: string | undefined, value: string): PathMatch {
  if (type === 'Exact') return { kind: 'exact', value };
  if (type === 'RegularExpression') return { kind: 'regex', pattern: value };
  // A trailing slash of a prefix is ignored (PathMatchPathPrefix).
  return { kind: 'prefix', value: value.replace(/\/+$/, '') || '/' };
}

interface NamedValue {
  readonly name: string;
  readonly type?: string;
  readonly value: string;
}

/** Of equivalent names only the first counts (HTTPHeaderMatch.name, HTTPQueryParamMatch.name). */
function firstOfEach(
  list: readonly NamedValue[] | undefined,
  normalize: (name: string) => string,
): readonly { readonly name: string; readonly value: StringMatch }[] {
  const byName = new Map<string, StringMatch>();
  for (const { name, type, value } of list ?? []) {
    const key = normalize(name);
    if (byName.has(key)) continue;
    byName.set(
      key,
      type === 'RegularExpression' ? { kind: 'regex', pattern: value } : { kind: 'exact', value },
    );
  }
  return [...byName].map(([name, value]) => ({ name, value }));
}

const headerMatches = (list: readonly NamedValue[] | undefined): readonly HeaderMatch[] =>
  firstOfEach(list, (name) => name.toLowerCase());

const queryMatches = (list: readonly NamedValue[] | undefined): readonly QueryMatch[] =>
  firstOfEach(list, (name) => name);

/** gRPC calls have the path `/{service}/{method}` and are always POST. */
function grpcPredicate(spec: GRPCRouteRuleMatch): RankedMatch {
  const service = spec.method?.service ?? '';
  const method = spec.method?.method ?? '';
  const headers = headerMatches(spec.headers);
  const path = grpcPathMatch(spec, service, method);
  return {
    match: { path, method: null, headers, query: [] },
    rank: [service.length, method.length, headers.length],
  };
}

function grpcPathMatch(spec: GRPCRouteRuleMatch, service: string, method: string): PathMatch {
  const pattern = grpcPathPattern(spec);
  if (pattern !== null) return { kind: 'regex', pattern };
  if (service === '') return { kind: 'prefix', value: '/' };
  return method === ''
    ? { kind: 'prefix', value: `/${service}` }
    : { kind: 'exact', value: `/${service}/${method}` };
}

const ANY_NAME = '[^/]+';

/** The regular expression for the path `/{service}/{method}` of a gRPC match; null if it needs none. */
export function grpcPathPattern({ method: wanted }: GRPCRouteRuleMatch): string | null {
  const { type, service = '', method = '' } = wanted ?? {};
  if (service === '' && method === '') return null;
  if (type === 'RegularExpression') {
    const part = (pattern: string): string => (pattern === '' ? ANY_NAME : `(?:${pattern})`);
    return `^/${part(service)}/${part(method)}$`;
  }
  // The API allows only letters, digits and underscores in a method name, so it needs no escaping.
  return service === '' ? `^/${ANY_NAME}/${method}$` : null;
}
