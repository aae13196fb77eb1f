/** Resources in, configuration and status out. Pure and total: the same answer for the same input in any order. */
import type { Observations, ResourceSnapshot } from '../gatewayapi/snapshot.ts';
import { collectFindings } from './findings/findings.ts';
import { buildGraph } from './graph/graph.ts';
import type { PolicyScope } from './graph/hierarchy.ts';
import type { RouteNode } from './graph/nodes.ts';
import { lowerGateway, type RulesOf } from './lower/gateway-config.ts';
import { lowerInfra } from './lower/infra.ts';
import { PolicyLowering } from './lower/policy-lowering.ts';
import { lowerRule, type LoweredRule } from './lower/route-rule.ts';
import { computeStatuses } from './status/statuses.ts';
import type { TranslateOptions, TranslateResult } from './types.ts';

export function translate(
  snapshot: ResourceSnapshot,
  observations: Observations,
  options: TranslateOptions,
): TranslateResult {
  const graph = buildGraph(snapshot, options);
  const served = graph.gateways.filter((gateway) => gateway.faults.length === 0);
  const policies = new PolicyLowering(graph.policies.hierarchy);
  const { controllerName, validateRegex } = options;
  const rulesOf = remember((route, scope) =>
    route.rules.map((rule) => lowerRule(route, rule, { validateRegex, policies, scope })),
  );
  const lowered = served.map((gateway) => lowerGateway(gateway, graph, { rulesOf, policies, options }));
  const configs = lowered.map(({ config }) => config);
  return {
    configs,
    infra: served.map(lowerInfra),
    statuses: computeStatuses(graph, observations, controllerName),
    findings: collectFindings(graph, { snapshot, configs, controllerName }),
    policies: lowered.map((one) => one.policies),
  };
}

/** A route attached to many listeners is lowered once for all that have the same policies. */
function remember(lower: RulesOf): RulesOf {
  const known = new Map<PolicyScope, Map<RouteNode, readonly LoweredRule[]>>();
  return (route, scope) => {
    const ofScope = known.get(scope) ?? new Map<RouteNode, readonly LoweredRule[]>();
    known.set(scope, ofScope);
    const rules = ofScope.get(route) ?? lower(route, scope);
    ofScope.set(route, rules);
    return rules;
  };
}
