/** How the endpoints of each backend are, out of what every worker knows: each checks and counts for itself. */
import type { BackendReport, EndpointOutReport } from './status-report.ts';
import type { ClusterStats, EndpointOut } from '../proxy/upstream/cluster-stats.ts';
import type { ProxyStats } from '../proxy/proxy-api.ts';

interface Backend {
  readonly origin: ClusterStats['origin'];
  endpoints: number;
  panicking: number;
  readonly out: Map<string, { first: EndpointOut; readonly workers: Set<ProxyStats> }>;
}

/**
 * One report for each backend, by name. An endpoint is healthy when no worker has anything against it; why it is not is what the worker
 * says that has had it out for longest. `nowMs` since the epoch.
 */
export function backendHealth(workers: readonly ProxyStats[], nowMs: number): readonly BackendReport[] {
  const backends = new Map<string, Backend>();
  for (const worker of workers) {
    const panicking = new Set<Backend>();
    for (const cluster of worker.clusters) {
      const backend = backendOf(backends, cluster);
      backend.endpoints = Math.max(backend.endpoints, cluster.endpoints);
      if (cluster.health.isPanicking) panicking.add(backend);
      for (const out of cluster.health.out) addOut(backend, out, worker);
    }
    for (const backend of panicking) backend.panicking++;
  }
  return [...backends.entries()]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, each]) => report(each, nowMs));
}

function backendOf(backends: Map<string, Backend>, { origin }: ClusterStats): Backend {
  const key = JSON.stringify([origin.namespace, origin.name, origin.kind, origin.section ?? '']);
  let backend = backends.get(key);
  if (backend === undefined) {
    backend = { origin, endpoints: 0, panicking: 0, out: new Map() };
    backends.set(key, backend);
  }
  return backend;
}

function addOut({ out }: Backend, endpoint: EndpointOut, worker: ProxyStats): void {
  const known = out.get(endpoint.endpoint);
  if (known === undefined) {
    out.set(endpoint.endpoint, { first: endpoint, workers: new Set([worker]) });
    return;
  }
  if (endpoint.forMs > known.first.forMs) known.first = endpoint;
  known.workers.add(worker);
}

function report({ origin, endpoints, panicking, out }: Backend, nowMs: number): BackendReport {
  const { kind, namespace, name, section = '' } = origin;
  const isOut = [...out.values()].map(({ first, workers }): EndpointOutReport => ({
    endpoint: first.endpoint,
    cause: first.cause,
    detail: first.detail,
    since: first.cause === 'draining' ? null : new Date(nowMs - first.forMs).toISOString(),
    workers: workers.size,
  }));
  return {
    kind,
    namespace,
    name,
    port: section,
    endpoints,
    healthy: Math.max(0, endpoints - isOut.length),
    panicking,
    out: isOut.toSorted((a, b) => (a.endpoint < b.endpoint ? -1 : 1)),
  };
}
