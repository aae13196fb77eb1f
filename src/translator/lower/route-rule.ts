/** Rules of HTTPRoute and GRPCRoute. The result does not depend on the Gateway, so that one is made per rule. */
import { ruleId } from '../../ir/ids.ts';
import type { RuleOrigin } from '../../ir/origin.ts';
import { DEFAULT_TIMEOUTS } from '../../ir/policy.ts';
import type { Action, RouteRule, WeightedBackend } from '../../ir/route.ts';
import { trimmed } from '../../lib/trimmed.ts';
import { contain } from '../contain.ts';
import { joinMessages, type Fault } from '../faults/fault.ts';
import type { PolicyScope } from '../policy/hierarchy.ts';
import { judgeMatch, type MeasureRegex } from '../graph/match.ts';
import type { BackendNode, RouteNode, RuleNode } from '../graph/nodes.ts';
import { matchAll, type BackendRefSpec } from '../graph/route-adapter.ts';
import { lowerFilters, lowerResponseFilters, type FilterUses } from './filters.ts';
import { lowerMatch, type LoweredMatch } from './matches.ts';
import { sameValue, type PolicyLowering, type RuleRequests } from '../policy/lowering.ts';
import { lowerSession, type SessionOf } from './session.ts';
import { originOf, useCluster, type ClusterUse } from './upstreams.ts';

export interface LoweredRule {
  readonly rule: RouteRule;
  readonly matches: readonly LoweredMatch[];
  readonly clusters: readonly ClusterUse[];
  /** By index of the backend: the policies that have a say, weakest first. */
  readonly policies: RuleRequests['layers'];
}

/** What a rule is lowered with: policies may differ from scope to scope, the rest is the same wherever it is attached. */
export interface RuleLowering {
  readonly measureRegex: MeasureRegex;
  readonly policies: PolicyLowering;
  readonly scope: PolicyScope;
}

export function ruleOrigin(route: RouteNode, rule: RuleNode): RuleOrigin {
  const { kind, namespace, name } = route.ref;
  const origin = { kind, namespace, name, index: rule.index };
  return rule.spec.name === null ? origin : { ...origin, section: rule.spec.name };
}

export function ruleIdOf({ ref }: RouteNode, rule: RuleNode): RouteRule['id'] {
  return ruleId([ref.kind, ref.namespace, ref.name, rule.index].join('/'));
}

/** A rule that could not be lowered: it answers for what it matches, or for all that the route takes if that cannot be told. */
export function closedRule(route: RouteNode, rule: RuleNode, fault: Fault): LoweredRule {
  const isGrpc = route.kind === 'GRPCRoute';
  const matches = contain(
    () => rule.spec.matches.map(lowerMatch),
    () => [lowerMatch(matchAll(isGrpc ? 'GRPCRoute' : 'HTTPRoute'))],
  );
  const base = {
    id: ruleIdOf(route, rule),
    origin: ruleOrigin(route, rule),
    protocol: isGrpc ? ('grpc' as const) : ('http' as const),
  };
  const action: FailAction = { kind: 'fail', status: 500, reason: 'invalid_rule', message: fault.message };
  return { rule: { ...base, filters: [], action, ...NO_POLICY }, matches, clusters: [], policies: [] };
}

/** In a scope that changes something about the rule it is a rule of its own, beside the Gateway's. */
export function lowerRule(route: RouteNode, rule: RuleNode, context: RuleLowering): LoweredRule {
  const lowered = lowerInScope(route, rule, context);
  const { scope } = context;
  if (scope === scope.base) return lowered;
  const shared = lowerInScope(route, rule, { ...context, scope: scope.base });
  if (sameValue(lowered.rule, shared.rule)) return shared;
  return { ...lowered, rule: { ...lowered.rule, id: ruleId(`${lowered.rule.id}@${scope.id}`) } };
}

function lowerInScope(
  route: RouteNode,
  rule: RuleNode,
  { measureRegex, policies, scope }: RuleLowering,
): LoweredRule {
  const isSound = rule.invalid.length + rule.closed.length === 0;
  // A match that is wrong can match nothing; its siblings keep the rule's place.
  const matches = rule.spec.matches
    .filter((match) => isSound || judgeMatch(match, '', measureRegex).length === 0)
    .map(lowerMatch);
  const base = {
    id: ruleIdOf(route, rule),
    origin: ruleOrigin(route, rule),
    protocol: route.kind === 'GRPCRoute' ? ('grpc' as const) : ('http' as const),
  };
  const fails = [...rule.closed, ...rule.invalid, ...rule.unserved];
  const failing = (reason: FailAction['reason'], message: string): LoweredRule => {
    const action = { kind: 'fail' as const, status: 500 as const, reason, message };
    const filters = lowerResponseFilters(rule.spec.filters);
    return { rule: { ...base, filters, action, ...NO_POLICY }, matches, clusters: [], policies: [] };
  };
  if (fails.length > 0) {
    const isOfFilters = rule.closed.length + rule.invalid.length === 0;
    return failing(isOfFilters ? 'invalid_filter' : 'invalid_rule', joinMessages(fails));
  }
  const uses: RuleUses = {
    backends: rule.filterBackends,
    clusters: [],
    poolOf: (upstream) => policies.poolOf(upstream, scope),
    requests: policies.requestsOf(route, rule, scope),
  };
  const sessionOf: SessionOf = (upstream) => policies.sessionOf(upstream, scope);
  const paths = matches.map(({ match }) => match);
  const filters = lowerFilters(rule.spec.filters, `${rule.path}.filters`, uses);
  if (!filters.ok) return failing('invalid_filter', filters.failure);
  return {
    rule: {
      ...base,
      filters: filters.value,
      action: forward(rule, uses),
      ...uses.requests.rule,
      sessionPersistence: lowerSession(route, rule, { matches: paths, sessionOf }),
    },
    matches,
    clusters: trimmed(uses.clusters),
    policies: uses.requests.layers,
  };
}

interface RuleUses extends FilterUses {
  readonly requests: RuleRequests;
}

type FailAction = Extract<Action, { kind: 'fail' }>;

const NO_POLICY = { timeouts: DEFAULT_TIMEOUTS, retry: null, sessionPersistence: null };

function forward(rule: RuleNode, uses: RuleUses): Action {
  const backends = rule.backends.map((backend, index) => {
    const lowered = lowerBackend(backend, rule.spec.backendRefs[index], uses);
    const requests = uses.requests.backends[index];
    return lowered.kind === 'invalid' || requests === undefined ? lowered : { ...lowered, requests };
  });
  return { kind: 'forward', backends };
}

function lowerBackend(
  backend: BackendNode,
  spec: BackendRefSpec | undefined,
  uses: FilterUses,
): WeightedBackend {
  const weight = spec?.weight ?? 1;
  if (!backend.upstream.ok) {
    return { ...invalidBackend(backend, weight, backend.upstream.failure), ...filtersOf500(spec) };
  }
  const failing = (message: string): WeightedBackend => ({
    ...invalidBackend(backend, weight, null),
    ...filtersOf500(spec),
    reason: 'invalid_filter',
    message,
  });
  if (backend.filterFaults.length > 0) return failing(joinMessages(backend.filterFaults));
  const filters = lowerFilters(spec?.filters ?? [], `${backend.path}.filters`, uses);
  if (!filters.ok) return failing(filters.failure);
  const use = useCluster(
    backend.upstream.value,
    backend.upstream.value.tls !== null,
    uses.poolOf(backend.upstream.value),
  );
  uses.clusters.push(use);
  return {
    kind: 'cluster',
    cluster: use.id,
    weight,
    filters: filters.value,
    origin: originOf(backend.upstream.value),
  };
}

function filtersOf500(spec: BackendRefSpec | undefined): Pick<WeightedBackend, 'filters'> {
  const filters = lowerResponseFilters(spec?.filters ?? []);
  return filters.length === 0 ? {} : { filters };
}

/** It keeps its weight and answers 500, so that its share of the requests is seen to fail. */
export function invalidBackend(
  backend: BackendNode,
  weight: number,
  fault: Fault | null,
): Extract<WeightedBackend, { kind: 'invalid' }> {
  const { kind, namespace, name } = backend.ref;
  const origin = { kind, namespace, name };
  return {
    kind: 'invalid',
    weight,
    status: 500,
    reason: fault?.code === 'backend-kind' ? 'unsupported_backend' : 'invalid_ref',
    message: fault?.message ?? '',
    origin: backend.port === null ? origin : { ...origin, section: String(backend.port) },
  };
}
