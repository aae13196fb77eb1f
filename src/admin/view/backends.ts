/** Backends of rules, with their endpoints and the health that proxies report. */
import type { Cluster, Endpoint, EndpointSet } from '../../ir/cluster.ts';
import type { GatewayConfig } from '../../ir/gateway-config.ts';
import type { BackendItem, EndpointItem } from '../api/resources.ts';
import type { BackendHealth, HealthByBackend } from '../backend-health.ts';
import type { EndpointOutReport } from '../status-report.ts';
import { backendId, gatewayOf } from './objects.ts';

interface Backend {
  readonly cluster: Cluster;
  readonly gateways: Set<string>;
  readonly endpoints: Map<string, Endpoint>;
}

/** `health`: by id; null where proxies report none. */
export function backendItems(
  configs: readonly GatewayConfig[],
  health: HealthByBackend | null,
): readonly BackendItem[] {
  return [...backendsOf(configs)].map(([id, backend]) => backendItem(id, backend, health?.get(id) ?? null));
}

/** Clusters of one backend differ by policies only. */
function backendsOf(configs: readonly GatewayConfig[]): ReadonlyMap<string, Backend> {
  const backends = new Map<string, Backend>();
  for (const config of configs) {
    const sets = new Map(config.endpoints.map((set) => [set.cluster, set]));
    for (const cluster of config.clusters) {
      const id = backendId(cluster.origin);
      const backend = backends.get(id) ?? { cluster, gateways: new Set(), endpoints: new Map() };
      backends.set(id, backend);
      backend.gateways.add(gatewayOf(config.dataPlane));
      addEndpoints(backend, sets.get(cluster.id));
    }
  }
  return backends;
}

function addEndpoints({ endpoints }: Backend, set: EndpointSet | undefined): void {
  for (const endpoint of set?.endpoints ?? []) endpoints.set(endpointName(endpoint), endpoint);
}

const endpointName = ({ address, port }: Endpoint): string =>
  address.includes(':') ? `[${address}]:${String(port)}` : `${address}:${String(port)}`;

function backendItem(
  id: string,
  { cluster, gateways, endpoints }: Backend,
  health: BackendHealth | null,
): BackendItem {
  const { kind, namespace, name, section = '' } = cluster.origin;
  const items = endpointItems(endpoints, health);
  const count = (state: EndpointItem['health']): number =>
    items.filter((item) => item.health === state).length;
  return {
    id,
    kind,
    namespace,
    name,
    port: section,
    protocol: cluster.protocol,
    isTls: cluster.tls !== null,
    gateways: [...gateways].toSorted(),
    dnsName: cluster.discovery.kind === 'dns' ? cluster.discovery.hostname : null,
    endpoints: items,
    healthy: count('healthy'),
    unchecked: count('unchecked'),
    out: count('out'),
    panicking: health?.panicking ?? 0,
  };
}

/** Endpoints that a name resolves to are known by the proxies that resolve it. */
function endpointItems(
  endpoints: ReadonlyMap<string, Endpoint>,
  health: BackendHealth | null,
): readonly EndpointItem[] {
  const out = new Map((health?.out ?? []).map((one) => [one.endpoint, one]));
  const names = new Set([...endpoints.keys(), ...out.keys(), ...(health?.reachable ?? [])]);
  return [...names].toSorted().map((name) => {
    const endpoint = endpoints.get(name);
    return {
      endpoint: name,
      state: endpoint?.state ?? 'ready',
      zone: endpoint?.zone ?? null,
      ...healthOf(name, health, out.get(name)),
    };
  });
}

type EndpointHealth = Pick<EndpointItem, 'health' | 'cause' | 'detail' | 'since'>;

function healthOf(
  name: string,
  health: BackendHealth | null,
  out: EndpointOutReport | undefined,
): EndpointHealth {
  if (out !== undefined) return { health: 'out', cause: out.cause, detail: out.detail, since: out.since };
  const unknown = { cause: null, detail: '', since: null };
  if (health === null) return { health: 'unreported', ...unknown };
  const isHealthy = health.isChecked || health.reachable.has(name);
  return { health: isHealthy ? 'healthy' : 'unchecked', ...unknown };
}
