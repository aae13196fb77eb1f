import type { ClusterHealthStats, ClusterStats, EndpointOut, UnreachableEndpoint } from './cluster-stats.ts';
import type { UpstreamCluster } from './cluster.ts';
import { endpointName, type UpstreamEndpoint } from './endpoint.ts';
import { NOTHING_COUNTED } from './health/cluster-health.ts';
import { UNWATCHED } from './health/endpoint-health.ts';
import type { ServingCluster } from './serving-cluster.ts';

export function clusterStats(cluster: UpstreamCluster, nowMs: number): ClusterStats {
  const { serving } = cluster;
  const { id, origin } = cluster.config;
  if (serving === null) return { cluster: id, origin, ...IDLE, ...listedStats(cluster, nowMs) };
  const endpoints = [...serving.endpoints];
  const sum = (count: (endpoint: UpstreamEndpoint) => number): number =>
    endpoints.reduce((total, endpoint) => total + count(endpoint), 0);
  const { breaker, retryBudget } = serving;
  return {
    cluster: id,
    origin,
    endpoints: endpoints.length,
    connections: sum(({ pool }) => pool.connections),
    idleConnections: sum(({ pool }) => pool.idleConnections),
    activeRequests: sum(({ active }) => active),
    connectFailures: sum(({ connectFailures }) => connectFailures),
    health: healthStats(serving, endpoints, nowMs),
    pendingRequests: breaker.pending,
    overflows: { ...breaker.overflows },
    openBreakers: breaker.open,
    refusedRetries: retryBudget?.exhausted ?? 0,
  };
}

/** Of a cluster that has seen no request. */
const IDLE = {
  connections: 0,
  idleConnections: 0,
  activeRequests: 0,
  connectFailures: 0,
  pendingRequests: 0,
  overflows: { connections: 0, pending: 0, requests: 0, retries: 0 },
  openBreakers: [],
  refusedRetries: 0,
} as const;

function listedStats(
  { listed, config }: UpstreamCluster,
  nowMs: number,
): Pick<ClusterStats, 'endpoints' | 'health'> {
  const byName = new Map<string, ShownEndpoint>();
  for (const endpoint of listed) {
    const name = endpointName(endpoint);
    byName.set(name, { name, state: endpoint.state, health: UNWATCHED });
  }
  const { ejections, checks } = NOTHING_COUNTED;
  const out = outOf([...byName.values()], nowMs);
  const isChecked = config.policy.activeCheck !== null;
  const counted = { isPanicking: false, ejections, checks };
  return { endpoints: byName.size, health: { out, isChecked, unreachable: [], reachable: [], ...counted } };
}

function healthStats(
  cluster: ServingCluster,
  endpoints: readonly UpstreamEndpoint[],
  nowMs: number,
): ClusterHealthStats {
  const { ejections, checks } = cluster.health.reported;
  const isChecked = cluster.config.policy.activeCheck !== null;
  return {
    out: outOf(endpoints, nowMs),
    isChecked,
    unreachable: endpoints.flatMap((endpoint) => unreachableFor(endpoint, nowMs)),
    reachable: isChecked ? [] : endpoints.filter((one) => isReachable(one, nowMs)).map(({ name }) => name),
    isPanicking: cluster.isPanicking,
    ejections: { ...ejections },
    checks: { ...checks },
  };
}

function unreachableFor(
  { name, reachability }: UpstreamEndpoint,
  nowMs: number,
): readonly UnreachableEndpoint[] {
  if (!reachability.isFailing(nowMs)) return [];
  const { failuresInARow: failures } = reachability;
  return [{ endpoint: name, failures, forMs: reachability.failingForMs(nowMs) }];
}

const isReachable = ({ reachability, pool, active }: UpstreamEndpoint, nowMs: number): boolean =>
  reachability.isReachable(pool.connections > 0 || active > 0, nowMs);

type ShownEndpoint = Pick<UpstreamEndpoint, 'name' | 'state' | 'health'>;

function outOf(endpoints: readonly ShownEndpoint[], nowMs: number): readonly EndpointOut[] {
  const drainingServe = endpoints.every(({ state }) => state === 'draining');
  return endpoints.flatMap((endpoint) => whyOut(endpoint, drainingServe, nowMs) ?? []);
}

/** The cause with the highest precedence: health/eligibility.ts. */
function whyOut(endpoint: ShownEndpoint, drainingServe: boolean, nowMs: number): EndpointOut | null {
  const { name, state, health } = endpoint;
  const { check, outlier } = health;
  if (state === 'draining' && !drainingServe) {
    return { endpoint: name, cause: 'draining', detail: '', forMs: 0 };
  }
  if (check !== null && check.verdict !== 'passing') {
    const cause = check.verdict === 'pending' ? 'check_pending' : 'check_failing';
    return { endpoint: name, cause, detail: check.detail, forMs: nowMs - check.sinceMs };
  }
  if (outlier === null || outlier.cause === null) return null;
  return { endpoint: name, cause: outlier.cause, detail: '', forMs: nowMs - outlier.ejectedAtMs };
}
