/** Builds the graph: a table of contents. Each step links its objects to those of the steps before it. */
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import type { TranslateOptions } from '../types.ts';
import { indexParents } from './attachment.ts';
import { judgeXBackends } from './backend.ts';
import { judgeClasses, judgeGateways } from './gateway.ts';
import type { ClassNode, GatewayNode, RouteNode, XBackendNode } from './nodes.ts';
import { judgePolicies, type Policies } from './policies.ts';
import { judgePolicyEffects, type PolicyEffects } from './policy-effects.ts';
import { judgeProxyConfigs, type ProxyConfigs } from './proxy-config.ts';
import { readRoutes } from './route-adapter.ts';
import { judgeRoutes } from './route.ts';
import { judgeRule, type RuleContext } from './rule.ts';
import { namespaceOf } from './object-key.ts';
import { SnapshotIndex } from './snapshot-index.ts';

export interface Graph {
  readonly index: SnapshotIndex;
  readonly proxyConfigs: ProxyConfigs;
  readonly classes: readonly ClassNode[];
  /** Those we serve, in order of their names. */
  readonly gateways: readonly GatewayNode[];
  /** All, oldest first. */
  readonly routes: readonly RouteNode[];
  readonly policies: Policies;
  readonly policyEffects: PolicyEffects;
  readonly backends: ReadonlyMap<string, XBackendNode>;
}

export function buildGraph(snapshot: ResourceSnapshot, options: TranslateOptions): Graph {
  const index = new SnapshotIndex(snapshot);
  const proxyConfigs = judgeProxyConfigs(snapshot.proxyConfigs);
  const classes = judgeClasses(snapshot, options, proxyConfigs);
  const gateways = judgeGateways(snapshot, classes, { index, options, proxyConfigs });
  const policies = judgePolicies(snapshot, { lookup: index, options });
  const backends = judgeXBackends(snapshot, { lookup: index, options });
  const parents = indexParents(gateways, index);
  const routes = judgeRoutes(readRoutes(snapshot), parents, (route) => {
    const context: RuleContext = {
      lookup: index,
      policies,
      backends,
      kind: route.kind,
      namespace: namespaceOf(route.object),
      validateRegex: options.validateRegex,
    };
    return route.rules.map((rule, at) => judgeRule(rule, at, context));
  });
  const hasPolicies = policies.backend.nodes.length + policies.traffic.length > 0;
  const policyEffects = judgePolicyEffects(gateways, policies.hierarchy, hasPolicies);
  return { index, proxyConfigs, classes, gateways, routes, policies, policyEffects, backends };
}
