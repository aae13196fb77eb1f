/** All statuses of the graph. */
import { namespacedName } from '../../gatewayapi/ref.ts';
import type { Observations } from '../../gatewayapi/snapshot.ts';
import type { StatusUpdate } from '../../gatewayapi/status.ts';
import { compareText } from '../../lib/compare.ts';
import type { Graph } from '../graph/graph.ts';
import { backendPolicyStatuses } from './backend-policy.ts';
import { indexUsage } from './backend-usage.ts';
import { gatewayClassStatus } from './gateway-class.ts';
import { gatewayStatuses } from './gateway.ts';
import { tlsPolicyStatus, trafficPolicyStatus, xBackendStatus } from './policy.ts';
import { proxyConfigStatus } from './proxy-config.ts';
import { routeStatus } from './route.ts';

export function computeStatuses(
  graph: Graph,
  observations: Observations,
  controllerName: string,
): readonly StatusUpdate[] {
  const observed = new Map(
    observations.gateways.map((entry) => [namespacedName(entry.namespace, entry.name), entry]),
  );
  const context = { controllerName, usage: indexUsage(graph), observed };
  const { policyEffects } = graph;
  const updates: StatusUpdate[] = [
    ...[...graph.proxyConfigs.values()].map(proxyConfigStatus),
    ...graph.classes.map((node) => gatewayClassStatus(node, observations)),
    ...graph.gateways.flatMap((gateway) =>
      gatewayStatuses(gateway, {
        observation: observed.get(namespacedName(gateway.ref.namespace, gateway.ref.name)) ?? null,
        policies: policyEffects.affecting(gateway.ref, gateway.ref),
      }),
    ),
    ...graph.routes.map((route) => routeStatus(route, controllerName, policyEffects)),
    ...graph.policies.tls.map((policy) => tlsPolicyStatus(policy, context)),
    ...graph.policies.traffic.map((policy) => trafficPolicyStatus(policy, context)),
    ...backendPolicyStatuses(graph, context),
    ...[...graph.backends.values()].map((backend) => xBackendStatus(backend, context)),
  ];
  return updates.sort((a, b) => compareText(identity(a), identity(b)));
}

const identity = ({ kind, object }: StatusUpdate): string => [kind, object.namespace, object.name].join('/');
