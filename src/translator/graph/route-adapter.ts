/** The five route kinds brought to one shape, so that everything after this file treats them alike. */
import type {
  GRPCRoute,
  GRPCRouteRuleMatch,
  HTTPRoute,
  HTTPRouteRuleFilter,
  HTTPRouteRuleMatch,
  HTTPRouteRuleRetry,
  HTTPRouteRuleSessionPersistence,
  HTTPRouteRuleTimeouts,
  TCPRoute,
  TLSRoute,
  UDPRoute,
} from '../../gatewayapi/generated/types.ts';
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import type { ParentRef, RouteKind } from '../../gatewayapi/status.ts';

export type AnyRoute = HTTPRoute | GRPCRoute | TLSRoute | TCPRoute | UDPRoute;

/** A filter of any kind: those of GRPCRoute are a subset of those of HTTPRoute. */
export type FilterSpec = HTTPRouteRuleFilter;

export type MatchSpec =
  | { readonly kind: 'http'; readonly spec: HTTPRouteRuleMatch }
  | { readonly kind: 'grpc'; readonly spec: GRPCRouteRuleMatch };

export interface BackendObjectRef {
  readonly group?: string;
  readonly kind?: string;
  readonly name: string;
  readonly namespace?: string;
  readonly port?: number;
}

export interface BackendRefSpec extends BackendObjectRef {
  readonly weight?: number;
  readonly filters?: readonly FilterSpec[];
}

/** A rule with what its kind does not have left empty. */
export interface RuleSpec {
  readonly name: string | null;
  readonly matches: readonly MatchSpec[];
  readonly filters: readonly FilterSpec[];
  readonly backendRefs: readonly BackendRefSpec[];
  readonly timeouts: HTTPRouteRuleTimeouts | null;
  readonly retry: HTTPRouteRuleRetry | null;
  readonly sessionPersistence: HTTPRouteRuleSessionPersistence | null;
}

export interface RouteSpec {
  readonly kind: RouteKind;
  readonly object: AnyRoute;
  /** As the user wrote them; empty: not restricted. */
  readonly hostnames: readonly string[];
  readonly rules: readonly RuleSpec[];
  readonly parentRefs: readonly ParentRef[];
  readonly usesDefaultGateways: boolean;
}

const EMPTY_RULE: RuleSpec = {
  name: null,
  matches: [],
  filters: [],
  backendRefs: [],
  timeouts: null,
  retry: null,
  sessionPersistence: null,
};

/** Without matches a rule takes every request (HTTPRouteRule.matches, GRPCRouteRule.matches). */
function orAll<Match>(matches: readonly Match[] | undefined, all: Match): readonly Match[] {
  return matches === undefined || matches.length === 0 ? [all] : matches;
}

function commonOf(route: AnyRoute): Pick<RouteSpec, 'object' | 'parentRefs' | 'usesDefaultGateways'> {
  return {
    object: route,
    parentRefs: route.spec.parentRefs ?? [],
    usesDefaultGateways: route.spec.useDefaultGateways === 'All',
  };
}

function readHttpRoute(route: HTTPRoute): RouteSpec {
  const rules = (route.spec.rules ?? [{}]).map((rule) => ({
    name: rule.name ?? null,
    matches: orAll(rule.matches, {}).map((spec) => ({ kind: 'http' as const, spec })),
    filters: rule.filters ?? [],
    backendRefs: rule.backendRefs ?? [],
    timeouts: rule.timeouts ?? null,
    retry: rule.retry ?? null,
    sessionPersistence: rule.sessionPersistence ?? null,
  }));
  return { ...commonOf(route), kind: 'HTTPRoute', hostnames: route.spec.hostnames ?? [], rules };
}

function readGrpcRoute(route: GRPCRoute): RouteSpec {
  const rules = (route.spec.rules ?? []).map((rule) => ({
    ...EMPTY_RULE,
    name: rule.name ?? null,
    matches: orAll(rule.matches, {}).map((spec) => ({ kind: 'grpc' as const, spec })),
    filters: rule.filters ?? [],
    backendRefs: rule.backendRefs ?? [],
    sessionPersistence: rule.sessionPersistence ?? null,
  }));
  return { ...commonOf(route), kind: 'GRPCRoute', hostnames: route.spec.hostnames ?? [], rules };
}

function readLayer4Route(route: TLSRoute | TCPRoute | UDPRoute): RouteSpec {
  const rules = route.spec.rules.map((rule) => ({
    ...EMPTY_RULE,
    name: rule.name ?? null,
    backendRefs: rule.backendRefs,
  }));
  // v1 requires hostnames; v1alpha2 and v1alpha3 do not, and mean every name of the listener.
  const hostnames = route.kind === 'TLSRoute' ? (route.spec.hostnames ?? []) : [];
  return { ...commonOf(route), kind: route.kind, hostnames, rules };
}

/** Lists of all route kinds. */
export const routeLists = (snapshot: ResourceSnapshot): readonly (readonly AnyRoute[])[] => [
  snapshot.httpRoutes,
  snapshot.grpcRoutes,
  snapshot.tlsRoutes,
  snapshot.tcpRoutes,
  snapshot.udpRoutes,
];

export function readRoute(route: AnyRoute): RouteSpec {
  switch (route.kind) {
    case 'HTTPRoute':
      return readHttpRoute(route);
    case 'GRPCRoute':
      return readGrpcRoute(route);
    case 'TLSRoute':
    case 'TCPRoute':
    case 'UDPRoute':
      return readLayer4Route(route);
  }
}
