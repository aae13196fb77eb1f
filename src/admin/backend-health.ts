/** The health of the endpoints of each backend, merged from the workers: each checks and counts for itself. */
import type { BackendReport, EndpointOutReport } from './status-report.ts';
import type { ClusterStats } from '../proxy/upstream/cluster-stats.ts';
import type { ProxyStats } from '../proxy/proxy-api.ts';

/** Why an endpoint is not healthy, by the worker that has seen it longest. */
interface Trouble {
  readonly cause: string;
  readonly detail: string;
  readonly forMs: number;
}

interface TroubledEndpoint {
  longest: Trouble;
  readonly workers: Set<ProxyStats>;
}

export interface BackendHealth {
  readonly origin: ClusterStats['origin'];
  endpoints: number;
  /** Workers that ignore health, since too few endpoints are healthy. */
  panicking: number;
  /** Whether active checks run. */
  isChecked: boolean;
  /** By `address:port`. */
  readonly troubled: Map<string, TroubledEndpoint>;
  /** `address:port` of endpoints that accept connections. */
  readonly reachable: Set<string>;
}

/** One entry for each backend, by name. */
export function mergeHealth(workers: readonly ProxyStats[]): ReadonlyMap<string, BackendHealth> {
  const backends = new Map<string, BackendHealth>();
  for (const worker of workers) {
    const panicking = new Set<BackendHealth>();
    for (const cluster of worker.clusters) {
      const backend = backendOf(backends, cluster);
      addCluster(backend, cluster, worker);
      if (cluster.health.isPanicking) panicking.add(backend);
    }
    for (const backend of panicking) backend.panicking++;
  }
  return backends;
}

/** As `mergeHealth` keys its entries. */
export const backendKey = ({ kind, namespace, name, section = '' }: ClusterStats['origin']): string =>
  [kind, namespace, name, ...(section === '' ? [] : [section])].join('/');

function backendOf(backends: Map<string, BackendHealth>, { origin }: ClusterStats): BackendHealth {
  const key = backendKey(origin);
  let backend = backends.get(key);
  if (backend === undefined) {
    const nothing = { endpoints: 0, panicking: 0, isChecked: false };
    backend = { origin, ...nothing, troubled: new Map(), reachable: new Set() };
    backends.set(key, backend);
  }
  return backend;
}

function addCluster(backend: BackendHealth, { endpoints, health }: ClusterStats, worker: ProxyStats): void {
  backend.endpoints = Math.max(backend.endpoints, endpoints);
  backend.isChecked ||= health.isChecked;
  for (const name of health.reachable) backend.reachable.add(name);
  for (const { endpoint, ...trouble } of health.out) addTrouble(backend, endpoint, trouble, worker);
  for (const { endpoint, failures, forMs } of health.unreachable) {
    const detail = `${String(failures)} connection ${failures === 1 ? 'attempt' : 'attempts in a row'}`;
    addTrouble(backend, endpoint, { cause: 'connect_failed', detail, forMs }, worker);
  }
}

function addTrouble(
  { troubled }: BackendHealth,
  endpoint: string,
  trouble: Trouble,
  worker: ProxyStats,
): void {
  const known = troubled.get(endpoint);
  if (known === undefined) {
    troubled.set(endpoint, { longest: trouble, workers: new Set([worker]) });
    return;
  }
  if (trouble.forMs > known.longest.forMs) known.longest = trouble;
  known.workers.add(worker);
}

/** `nowMs` since the epoch. */
export function backendHealth(workers: readonly ProxyStats[], nowMs: number): readonly BackendReport[] {
  return [...mergeHealth(workers).entries()]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, backend]) => backendReport(backend, nowMs));
}

export function backendReport(backend: BackendHealth, nowMs: number): BackendReport {
  const { origin, endpoints, panicking, isChecked, troubled, reachable } = backend;
  const { kind, namespace, name, section = '' } = origin;
  const out = [...troubled].map(([endpoint, trouble]) => outReport(endpoint, trouble, nowMs));
  const rest = Math.max(0, endpoints - out.length);
  const known = isChecked ? rest : [...reachable].filter((one) => !troubled.has(one)).length;
  const healthy = Math.min(rest, known);
  return {
    kind,
    namespace,
    name,
    port: section,
    endpoints,
    healthy,
    unchecked: rest - healthy,
    panicking,
    out: out.toSorted((a, b) => (a.endpoint < b.endpoint ? -1 : 1)),
  };
}

function outReport(
  endpoint: string,
  { longest: { cause, detail, forMs }, workers }: TroubledEndpoint,
  nowMs: number,
): EndpointOutReport {
  const since = cause === 'draining' ? null : new Date(nowMs - forMs).toISOString();
  return { endpoint, cause, detail, since, workers: workers.size };
}
