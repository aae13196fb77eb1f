/** The health of the endpoints of each backend, merged from the workers, each of which checks and counts separately. */
import type { ClusterStats } from '../proxy/upstream/cluster-stats.ts';
import type { ProxyStats } from '../proxy/proxy-api.ts';
import type { BackendReport, EndpointOutReport } from './status-report.ts';
import { backendId } from './view/objects.ts';

export interface BackendHealth {
  readonly origin: ClusterStats['origin'];
  readonly endpoints: number;
  /** Workers that ignore health because too few endpoints are healthy. */
  readonly panicking: number;
  /** Whether active checks run. */
  readonly isChecked: boolean;
  /** `address:port` of endpoints that accept connections. */
  readonly reachable: ReadonlySet<string>;
  /** By `endpoint`. */
  readonly out: readonly EndpointOutReport[];
}

/** By id of the backend. */
export type HealthByBackend = ReadonlyMap<string, BackendHealth>;

/** Why an endpoint is not healthy. */
interface Trouble {
  readonly cause: string;
  readonly detail: string;
  readonly forMs: number;
}

interface TroubledEndpoint {
  /** Reported by the worker that has seen it longest. */
  longest: Trouble;
  readonly workers: Set<ProxyStats>;
}

interface Merging {
  readonly origin: ClusterStats['origin'];
  endpoints: number;
  isChecked: boolean;
  readonly panicking: Set<ProxyStats>;
  readonly troubled: Map<string, TroubledEndpoint>;
  readonly reachable: Set<string>;
}

/** `nowMs` since the epoch. */
export function mergeHealth(workers: readonly ProxyStats[], nowMs: number): HealthByBackend {
  const backends = new Map<string, Merging>();
  for (const worker of workers) {
    for (const cluster of worker.clusters) addCluster(backends, cluster, worker);
  }
  return new Map([...backends].map(([id, backend]) => [id, finished(backend, nowMs)]));
}

function addCluster(backends: Map<string, Merging>, cluster: ClusterStats, worker: ProxyStats): void {
  const { origin, endpoints, health } = cluster;
  const id = backendId(origin);
  const nothing = { endpoints: 0, isChecked: false };
  const backend: Merging = backends.get(id) ?? {
    origin,
    ...nothing,
    panicking: new Set(),
    troubled: new Map(),
    reachable: new Set(),
  };
  backends.set(id, backend);
  backend.endpoints = Math.max(backend.endpoints, endpoints);
  backend.isChecked ||= health.isChecked;
  if (health.isPanicking) backend.panicking.add(worker);
  for (const name of health.reachable) backend.reachable.add(name);
  for (const { endpoint, ...trouble } of health.out) addTrouble(backend, endpoint, trouble, worker);
  for (const { endpoint, failures, forMs } of health.unreachable) {
    const detail = `${String(failures)} connection ${failures === 1 ? 'attempt' : 'attempts in a row'}`;
    addTrouble(backend, endpoint, { cause: 'connect_failed', detail, forMs }, worker);
  }
}

function addTrouble({ troubled }: Merging, endpoint: string, trouble: Trouble, worker: ProxyStats): void {
  const known = troubled.get(endpoint);
  if (known === undefined) {
    troubled.set(endpoint, { longest: trouble, workers: new Set([worker]) });
    return;
  }
  if (trouble.forMs > known.longest.forMs) known.longest = trouble;
  known.workers.add(worker);
}

function finished({ panicking, troubled, ...rest }: Merging, nowMs: number): BackendHealth {
  const out = [...troubled].map(([endpoint, { longest, workers }]): EndpointOutReport => {
    const { cause, detail, forMs } = longest;
    const since = cause === 'draining' ? null : new Date(nowMs - forMs).toISOString();
    return { endpoint, cause, detail, since, workers: workers.size };
  });
  return {
    ...rest,
    panicking: panicking.size,
    out: out.toSorted((a, b) => (a.endpoint < b.endpoint ? -1 : 1)),
  };
}

/**
 * `after`, or `before` if they differ only by milliseconds: workers report durations, so the computed time varies by
 * a few milliseconds.
 */
export function keepHealth(before: HealthByBackend | null, after: HealthByBackend): HealthByBackend {
  if (before?.size !== after.size) return after;
  const isSame = [...after].every(([id, health]) => {
    const known = before.get(id);
    return known !== undefined && signature(known) === signature(health);
  });
  return isSame ? before : after;
}

const signature = ({ endpoints, panicking, isChecked, reachable, out }: BackendHealth): string =>
  JSON.stringify([
    [endpoints, panicking, isChecked],
    [...reachable].toSorted(),
    out.map(({ endpoint, cause, detail, workers }) => [endpoint, cause, detail, workers]),
  ]);

/** One report for each backend, by name. */
export const backendReports = (health: HealthByBackend): readonly BackendReport[] =>
  [...health].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, backend]) => backendReport(backend));

function backendReport({
  origin,
  endpoints,
  panicking,
  isChecked,
  reachable,
  out,
}: BackendHealth): BackendReport {
  const { kind, namespace, name, section = '' } = origin;
  const isOut = new Set(out.map(({ endpoint }) => endpoint));
  const rest = Math.max(0, endpoints - out.length);
  const known = isChecked ? rest : [...reachable].filter((endpoint) => !isOut.has(endpoint)).length;
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
    out,
  };
}
