/** Resources in, configuration and status out. Pure and total: the same answer for the same input in any order. */
import type { Observations, ResourceSnapshot } from '../gatewayapi/snapshot.ts';
import { collectFindings } from './findings/findings.ts';
import { buildGraph } from './graph/graph.ts';
import type { RouteNode } from './graph/nodes.ts';
import { lowerGateway } from './lower/gateway-config.ts';
import { lowerInfra } from './lower/infra.ts';
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
  const rulesOf = remember((route) =>
    route.rules.map((rule) => lowerRule(route, rule, options.validateRegex)),
  );
  const { controllerName } = options;
  const configs = served.map((gateway) => lowerGateway(gateway, graph, { rulesOf, options }));
  return {
    configs,
    infra: served.map(lowerInfra),
    statuses: computeStatuses(graph, observations, controllerName),
    findings: collectFindings(graph, { snapshot, configs, controllerName }),
  };
}

/** A route attached to many listeners is lowered once. */
function remember(
  lower: (route: RouteNode) => readonly LoweredRule[],
): (route: RouteNode) => readonly LoweredRule[] {
  const known = new Map<RouteNode, readonly LoweredRule[]>();
  return (route) => {
    let rules = known.get(route);
    if (rules === undefined) {
      rules = lower(route);
      known.set(route, rules);
    }
    return rules;
  };
}
