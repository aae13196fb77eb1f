/** Lowers rules of HTTPRoute and GRPCRoute. The result does not depend on the Gateway, so each rule is lowered once. */
import { ruleId } from '../../ir/ids.ts';
import type { RuleOrigin } from '../../ir/origin.ts';
import { DEFAULT_TIMEOUTS } from '../../ir/policy.ts';
import type { Action, RouteRule, WeightedBackend } from '../../ir/route.ts';
import { compactArray } from '../../lib/compact-array.ts';
import { isEqualData } from '../../lib/reuse.ts';
import { joinMessages, type Fault } from '../faults/fault.ts';
import { lowerFailureFilters, lowerFilters } from '../filter/lower-filters.ts';
import { unservedFaults } from '../filter/read-filters.ts';
import type { RankedMatch } from '../graph/match-predicate.ts';
import type { BackendNode, RouteNode, RuleNode } from '../graph/nodes.ts';
import type { PolicyScope } from '../policy/hierarchy.ts';
import { closedBy, type PolicyLowering } from '../policy/lowering.ts';
import type { PolicyLayer } from '../policy/policy-settings.ts';
import { lowerSession, type SessionOf } from './session.ts';
import { ClusterUses, type ClusterUse } from './upstreams.ts';

export interface LoweredRule {
  readonly rule: RouteRule;
  readonly matches: readonly RankedMatch[];
  readonly clusters: readonly ClusterUse[];
  /** By backend index: the layers that apply to requests to the backend, weakest first. */
  readonly policies: readonly (readonly PolicyLayer[])[];
}

/** The lowered rules of a route. */
export type RulesOf = (route: RouteNode) => readonly LoweredRule[];

/** The context of lowering a rule. Only policies differ between scopes. */
export interface RuleLowering {
  readonly policies: PolicyLowering;
  readonly scope: PolicyScope;
}

export function ruleOrigin(route: RouteNode, rule: RuleNode): RuleOrigin {
  const { kind, namespace, name } = route.ref;
  const origin = { kind, namespace, name, index: rule.index };
  return rule.name === null ? origin : { ...origin, section: rule.name };
}

export function ruleIdOf({ ref }: RouteNode, rule: RuleNode): RouteRule['id'] {
  return ruleId([ref.kind, ref.namespace, ref.name, rule.index].join('/'));
}

/** A rule that could not be lowered responds with 500 to requests that it matches. */
export function closedRule(route: RouteNode, rule: RuleNode, fault: Fault): LoweredRule {
  return failingRule(route, rule, { filters: [], reason: 'invalid_rule', message: fault.message });
}

/** A scope that changes the rule gets its own copy, besides the Gateway's. */
export function lowerRule(route: RouteNode, rule: RuleNode, context: RuleLowering): LoweredRule {
  const lowered = lowerInScope(route, rule, context);
  const { scope } = context;
  if (scope === scope.base) return lowered;
  const shared = lowerInScope(route, rule, { ...context, scope: scope.base });
  if (isEqualData(lowered.rule, shared.rule)) return shared;
  return { ...lowered, rule: { ...lowered.rule, id: ruleId(`${lowered.rule.id}@${scope.id}`) } };
}

function lowerInScope(route: RouteNode, rule: RuleNode, { policies, scope }: RuleLowering): LoweredRule {
  const { hierarchy, members } = policies;
  const ofRule = hierarchy.requestLayers(route, rule, { backend: null, scope });
  const failing = (reason: FailAction['reason'], message: string): LoweredRule =>
    failingRule(route, rule, {
      filters: lowerFailureFilters(rule.filters),
      ...policies.valuesForFailure(ofRule),
      reason,
      message,
    });
  const invalid = [...rule.closed, ...rule.invalid];
  const unserved = unservedFaults(rule.filters);
  if (invalid.length > 0) return failing('invalid_rule', joinMessages([...invalid, ...unserved]));
  if (unserved.length > 0) return failing('invalid_filter', joinMessages(unserved));
  const closed = closedBy(ofRule, 'http');
  if (closed !== null) return failing('policy_invalid', closed);
  const uses = new ClusterUses((upstream) => members.poolOf(upstream, scope));
  const filters = lowerFilters(rule.filters, uses.targetOf);
  if (!filters.ok) return failing('invalid_filter', filters.failure);
  const layers = rule.backends.map((backend) => hierarchy.requestLayers(route, rule, { backend, scope }));
  const requests = members.requestsOf(layers, ofRule);
  const backends = rule.backends.map((backend, index): WeightedBackend => {
    const governing = layers[index] ?? [];
    const lowered = lowerBackend(backend, uses, closedBy(governing, 'http'));
    if (lowered.kind === 'invalid') return lowered;
    const own = requests.backends[index];
    return {
      ...lowered,
      ...(own === undefined ? {} : { requests: own }),
      ...policies.valuesFor('backend', governing),
    };
  });
  const paths = rule.matches.map(({ match }) => match);
  const sessionOf: SessionOf = (upstream) => members.sessionOf(upstream, scope);
  return {
    rule: {
      ...baseOf(route, rule),
      filters: filters.value,
      action: { kind: 'forward', backends },
      ...requests.rule,
      sessionPersistence: lowerSession(route, rule, { matches: paths, sessionOf }),
      ...policies.valuesFor('rule', ofRule),
    },
    matches: rule.matches,
    clusters: compactArray(uses.all),
    policies: layers,
  };
}

type FailAction = Extract<Action, { kind: 'fail' }>;

function failingRule(
  route: RouteNode,
  rule: RuleNode,
  {
    reason,
    message,
    ...acting
  }: Pick<RouteRule, 'filters' | 'policies'> & Pick<FailAction, 'reason' | 'message'>,
): LoweredRule {
  const action: FailAction = { kind: 'fail', status: 500, reason, message };
  return {
    rule: { ...baseOf(route, rule), ...acting, action, ...NO_POLICY },
    // An invalid match matches nothing; the valid ones keep the rule's position.
    matches: rule.matches.filter(({ faults }) => faults.length === 0),
    clusters: [],
    policies: [],
  };
}

const baseOf = (route: RouteNode, rule: RuleNode): Pick<RouteRule, 'id' | 'origin' | 'protocol'> => ({
  id: ruleIdOf(route, rule),
  origin: ruleOrigin(route, rule),
  protocol: route.kind === 'GRPCRoute' ? 'grpc' : 'http',
});

const NO_POLICY = { timeouts: DEFAULT_TIMEOUTS, retry: null, sessionPersistence: null };

/** `closed`: why a policy closes the rule, or null. */
function lowerBackend(backend: BackendNode, uses: ClusterUses, closed: string | null): WeightedBackend {
  const { weight, upstream } = backend;
  if (!upstream.ok) return { ...invalidBackend(backend, upstream.failure), ...filtersOf500(backend) };
  const failing = (message: string, reason: InvalidReason = 'invalid_filter'): WeightedBackend => ({
    ...invalidBackend(backend, null),
    ...filtersOf500(backend),
    reason,
    message,
  });
  if (closed !== null) return failing(closed, 'policy_invalid');
  const unserved = unservedFaults(backend.filters);
  if (unserved.length > 0) return failing(joinMessages(unserved));
  const filters = lowerFilters(backend.filters, uses.targetOf);
  if (!filters.ok) return failing(filters.failure);
  const { cluster, origin } = uses.targetOf(upstream.value);
  return { kind: 'cluster', cluster, weight, filters: filters.value, origin };
}

type InvalidReason = Extract<WeightedBackend, { kind: 'invalid' }>['reason'];

function filtersOf500(backend: BackendNode): Pick<WeightedBackend, 'filters'> {
  const filters = lowerFailureFilters(backend.filters);
  return filters.length === 0 ? {} : { filters };
}

/** The backend keeps its weight and responds with 500, so its share of the requests fails visibly. */
export function invalidBackend(
  backend: BackendNode,
  fault: Fault | null,
): Extract<WeightedBackend, { kind: 'invalid' }> {
  const { kind, namespace, name } = backend.ref;
  const origin = { kind, namespace, name };
  return {
    kind: 'invalid',
    weight: backend.weight,
    status: 500,
    reason: fault?.code === 'backend-kind' ? 'unsupported_backend' : 'invalid_ref',
    message: fault?.message ?? '',
    origin: backend.port === null ? origin : { ...origin, section: String(backend.port) },
  };
}
