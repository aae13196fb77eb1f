/** The infrastructure that a Gateway needs. */
import type { InfraPort, InfraSpec } from '../../ir/infra.ts';
import type { Defects } from '../contain.ts';
import type { Graph } from '../graph/graph.ts';
import type { GatewayNode } from '../graph/nodes.ts';
import { generationOf } from '../graph/object-key.ts';
import { servedListeners } from './served-listeners.ts';
import { acceptedGateways } from './gateways.ts';
import { lowerWorkload } from './proxy-config.ts';

/** For every accepted Gateway. */
export const lowerInfras = (graph: Graph, defects: Defects): readonly InfraSpec[] =>
  acceptedGateways(graph).flatMap((gateway) =>
    defects.contain<readonly InfraSpec[]>(
      [gateway.object, 'infrastructure'],
      () => [lowerInfra(gateway)],
      () => [],
    ),
  );

function lowerInfra(gateway: GatewayNode): InfraSpec {
  const { kind, namespace, name } = gateway.ref;
  const { spec } = gateway.object;
  const refused = new Set(gateway.refusedAddresses);
  return {
    gateway: { kind, namespace, name },
    generation: generationOf(gateway.object),
    gatewayClass: gateway.className,
    ports: portsOf(gateway),
    labels: spec.infrastructure?.labels ?? {},
    annotations: spec.infrastructure?.annotations ?? {},
    addresses: (spec.addresses ?? []).map(({ type = 'IPAddress', value = '' }) => ({
      type: type === 'Hostname' ? 'Hostname' : 'IPAddress',
      value: value === '' || refused.has(value) ? null : value,
    })),
    workload: lowerWorkload(gateway.settings),
  };
}

function portsOf(gateway: GatewayNode): readonly InfraPort[] {
  const ports = new Map<string, InfraPort>();
  for (const { spec, protocolFamily } of servedListeners(gateway)) {
    const transport = protocolFamily === 'udp' ? 'udp' : 'tcp';
    ports.set(`${spec.port}/${transport}`, { number: spec.port, transport });
  }
  return [...ports.values()].sort((a, b) => a.number - b.number || (a.transport < b.transport ? -1 : 1));
}
