/** Rules of HTTPRoute and GRPCRoute. The result does not depend on the Gateway, so that one is made per rule. */
import { ruleId } from '../../ir/ids.ts';
import type { RuleOrigin } from '../../ir/origin.ts';
import type { Action, RouteRule, WeightedBackend } from '../../ir/route.ts';
import { joinMessages, type Fault } from '../faults/fault.ts';
import { judgeMatch } from '../graph/match.ts';
import type { BackendNode, RouteNode, RuleNode } from '../graph/nodes.ts';
import type { BackendRefSpec } from '../graph/route-adapter.ts';
import { lowerFilters, type FilterUses } from './filters.ts';
import { lowerMatch, type LoweredMatch } from './matches.ts';
import { lowerRetry, lowerSession, lowerTimeouts } from './rule-policies.ts';
import { originOf, useCluster, type ClusterUse } from './upstreams.ts';

export interface LoweredRule {
  readonly rule: RouteRule;
  readonly matches: readonly LoweredMatch[];
  readonly clusters: readonly ClusterUse[];
}

export function ruleOrigin(route: RouteNode, rule: RuleNode): RuleOrigin {
  const { kind, namespace, name } = route.ref;
  const origin = { kind, namespace, name, index: rule.index };
  return rule.spec.name === null ? origin : { ...origin, section: rule.spec.name };
}

export function ruleIdOf({ ref }: RouteNode, rule: RuleNode): RouteRule['id'] {
  return ruleId([ref.kind, ref.namespace, ref.name, rule.index].join('/'));
}

export function lowerRule(
  route: RouteNode,
  rule: RuleNode,
  validateRegex: (pattern: string) => string | null,
): LoweredRule {
  // A match that is wrong can match nothing; its siblings keep the rule's place.
  const matches = rule.spec.matches
    .filter((match) => rule.invalid.length === 0 || judgeMatch(match, '', validateRegex).length === 0)
    .map(lowerMatch);
  const clusters: ClusterUse[] = [];
  const uses: FilterUses = { backends: rule.filterBackends, clusters };
  const fails = [...rule.invalid, ...rule.unserved];
  const timeouts = lowerTimeouts(fails.length > 0 ? null : rule.spec.timeouts);
  return {
    rule: {
      id: ruleIdOf(route, rule),
      origin: ruleOrigin(route, rule),
      protocol: route.kind === 'GRPCRoute' ? 'grpc' : 'http',
      filters: fails.length > 0 ? [] : lowerFilters(rule.spec.filters, `${rule.path}.filters`, uses),
      action:
        fails.length > 0
          ? failing(rule.invalid.length > 0 ? 'invalid_rule' : 'invalid_filter', fails)
          : forward(rule, uses),
      timeouts,
      retry: fails.length > 0 ? null : lowerRetry(rule.spec.retry, timeouts),
      sessionPersistence:
        fails.length > 0
          ? null
          : lowerSession(
              route,
              rule,
              matches.map(({ match }) => match),
            ),
    },
    matches,
    clusters,
  };
}

function failing(reason: Extract<Action, { kind: 'fail' }>['reason'], faults: readonly Fault[]): Action {
  return { kind: 'fail', status: 500, reason, message: joinMessages(faults) };
}

function forward(rule: RuleNode, uses: FilterUses): Action {
  const backends = rule.backends.map((backend, index) => {
    const spec = rule.spec.backendRefs[index];
    return lowerBackend(backend, spec, uses);
  });
  return { kind: 'forward', backends };
}

function lowerBackend(
  backend: BackendNode,
  spec: BackendRefSpec | undefined,
  uses: FilterUses,
): WeightedBackend {
  const weight = spec?.weight ?? 1;
  if (!backend.upstream.ok) return invalidBackend(backend, weight, backend.upstream.failure);
  if (backend.filterFaults.length > 0) {
    return {
      ...invalidBackend(backend, weight, null),
      reason: 'invalid_filter',
      message: joinMessages(backend.filterFaults),
    };
  }
  const use = useCluster(backend.upstream.value, backend.upstream.value.tls !== null);
  uses.clusters.push(use);
  return {
    kind: 'cluster',
    cluster: use.id,
    weight,
    filters: lowerFilters(spec?.filters ?? [], `${backend.path}.filters`, uses),
    origin: originOf(backend.upstream.value),
  };
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
