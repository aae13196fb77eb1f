/** Converts the five route kinds to one type, so all later code treats them alike. */
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
import { contain } from '../contain.ts';
import type { Fault } from '../faults/fault.ts';
import { internalError, schemaFaults } from '../faults/object-faults.ts';

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

/** Settings of a rule that policies can set as well, as written. */
export interface RuleSettings {
  readonly timeouts: HTTPRouteRuleTimeouts | null;
  readonly retry: HTTPRouteRuleRetry | null;
  readonly sessionPersistence: HTTPRouteRuleSessionPersistence | null;
}

/** A rule of any kind; members that its kind lacks are empty. */
export interface RuleSpec extends RuleSettings {
  readonly name: string | null;
  readonly matches: readonly MatchSpec[];
  readonly filters: readonly FilterSpec[];
  readonly backendRefs: readonly BackendRefSpec[];
  /** See `RuleNode.closed`. */
  readonly closed: readonly Fault[];
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
  closed: [],
};

type RouteRule = NonNullable<AnyRoute['spec']['rules']>[number];

/** Reads each rule separately. An unreadable rule is closed; if its matches are unreadable too, it matches every request of the route. */
function readRules<Rule extends RouteRule>(
  { kind }: AnyRoute,
  rules: readonly Rule[],
  read: {
    readonly matches: (rule: Rule) => readonly MatchSpec[];
    readonly rest: (rule: Rule) => Partial<RuleSpec>;
  },
): readonly RuleSpec[] {
  return rules.map((rule, index) =>
    contain(
      () => ({ ...EMPTY_RULE, name: rule.name ?? null, matches: read.matches(rule), ...read.rest(rule) }),
      (error) => {
        const closed = closedRule(kind, [
          internalError(`spec.rules[${String(index)}]`, error, 'UnsupportedValue'),
        ]);
        return contain(
          () => ({ ...closed, matches: read.matches(rule) }),
          () => closed,
        );
      },
    ),
  );
}

/** Matches requests that no more specific rule matches, and responds with 500. */
const closedRule = (kind: RouteKind, closed: readonly Fault[]): RuleSpec => ({
  ...EMPTY_RULE,
  matches: kind === 'HTTPRoute' || kind === 'GRPCRoute' ? [matchAll(kind)] : [],
  closed,
});

/** The match of a rule without matches. */
export const matchAll = (kind: 'HTTPRoute' | 'GRPCRoute'): MatchSpec =>
  kind === 'HTTPRoute' ? { kind: 'http', spec: {} } : { kind: 'grpc', spec: {} };

/** A rule without matches matches every request (HTTPRouteRule.matches, GRPCRouteRule.matches). */
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
  const rules = readRules(route, route.spec.rules ?? [{}], {
    matches: (rule) => orAll(rule.matches, {}).map((spec) => ({ kind: 'http', spec })),
    rest: (rule) => ({
      filters: rule.filters ?? [],
      backendRefs: rule.backendRefs ?? [],
      timeouts: rule.timeouts ?? null,
      retry: rule.retry ?? null,
      sessionPersistence: rule.sessionPersistence ?? null,
    }),
  });
  return { ...commonOf(route), kind: 'HTTPRoute', hostnames: route.spec.hostnames ?? [], rules };
}

function readGrpcRoute(route: GRPCRoute): RouteSpec {
  const rules = readRules(route, route.spec.rules ?? [], {
    matches: (rule) => orAll(rule.matches, {}).map((spec) => ({ kind: 'grpc', spec })),
    rest: (rule) => ({
      filters: rule.filters ?? [],
      backendRefs: rule.backendRefs ?? [],
      sessionPersistence: rule.sessionPersistence ?? null,
    }),
  });
  return { ...commonOf(route), kind: 'GRPCRoute', hostnames: route.spec.hostnames ?? [], rules };
}

function readLayer4Route(route: TLSRoute | TCPRoute | UDPRoute): RouteSpec {
  const rules = readRules(route, route.spec.rules, {
    matches: () => [],
    rest: ({ backendRefs }) => ({ backendRefs }),
  });
  // v1 requires hostnames. In v1alpha2 and v1alpha3 a route without hostnames means every hostname of the listener.
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

/** A route that violates its schema or cannot be read keeps its position, with closed rules. */
export function readRoute(route: AnyRoute): RouteSpec {
  const spec = contain(
    () => readByKind(route),
    (error) => unreadable(route, internalError('spec', error, 'UnsupportedValue')),
  );
  const violations = schemaFaults(route, 'UnsupportedValue');
  if (violations.length === 0) return spec;
  const rules = spec.rules.length === 0 ? [closedRule(route.kind, [])] : spec.rules;
  return { ...spec, rules: rules.map((rule) => ({ ...rule, closed: [...rule.closed, ...violations] })) };
}

/** If its hostnames are unreadable too, the requests to close are unknown. */
function unreadable(route: AnyRoute, fault: Fault): RouteSpec {
  const hostnames = contain<readonly string[] | null>(
    () => ('hostnames' in route.spec ? [...(route.spec.hostnames ?? [])] : []),
    () => null,
  );
  const parentRefs =
    hostnames === null
      ? []
      : contain(
          () => route.spec.parentRefs ?? [],
          () => [],
        );
  const rules = [closedRule(route.kind, [fault])];
  return {
    kind: route.kind,
    object: route,
    hostnames: hostnames ?? [],
    rules,
    parentRefs,
    usesDefaultGateways: false,
  };
}

function readByKind(route: AnyRoute): RouteSpec {
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
