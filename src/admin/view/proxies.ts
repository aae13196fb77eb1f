/** Proxies and what each serves of every Gateway. */
import type { ServingProxy } from '../../configsync/protocol.ts';
import { originOfDataPlane } from '../../ir/data-plane-id.ts';
import type { GatewayConfig } from '../../ir/gateway-config.ts';
import type { ProxyItem } from '../api/resources.ts';
import type { DataPlaneProxies } from './inputs.ts';
import { gatewayOf, objectId } from './objects.ts';

export function proxyItems(
  proxies: readonly DataPlaneProxies[],
  configs: readonly GatewayConfig[],
): readonly ProxyItem[] {
  const versions = new Map(configs.map((config) => [gatewayOf(config.dataPlane), config.version]));
  return proxies.flatMap(({ dataPlane, proxies: serving }) => {
    const id = gatewayOf(dataPlane);
    const { namespace } = originOfDataPlane(dataPlane);
    return serving.map((proxy) => proxyItem(id, namespace, proxy, versions.get(id) ?? null));
  });
}

function proxyItem(
  gateway: string,
  namespace: string,
  { name, serving, ports, refused, incompatible, problems }: ServingProxy,
  published: string | null,
): ProxyItem {
  const version = serving?.version ?? null;
  return {
    id: `${gateway}/${name}`,
    gateway,
    namespace,
    name,
    isCurrent: version !== null && version === published,
    version,
    generation: serving?.generation ?? null,
    refused: refused ?? incompatible,
    problems: problems.map(({ rule, message }) => ({
      rule: `${objectId(rule)}/${String(rule.index)}`,
      message,
    })),
    ports: ports.map(({ transport, port, address, boundPort, error }) => ({
      transport,
      port,
      address,
      boundPort,
      error,
    })),
  };
}
