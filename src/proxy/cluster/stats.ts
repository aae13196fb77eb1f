import type { ClusterHealthStats, ClusterStats, EndpointOut } from '../proxy-api.ts';
import type { UpstreamCluster } from './cluster.ts';
import type { UpstreamEndpoint } from './endpoint.ts';

export function clusterStats(cluster: UpstreamCluster, nowMs: number): ClusterStats {
  const endpoints = [...cluster.endpoints];
  const sum = (count: (endpoint: UpstreamEndpoint) => number): number =>
    endpoints.reduce((total, endpoint) => total + count(endpoint), 0);
  const { breaker, retryBudget } = cluster;
  return {
    cluster: cluster.config.id,
    origin: cluster.config.origin,
    endpoints: endpoints.length,
    connections: sum(({ pool }) => pool.connections),
    idleConnections: sum(({ pool }) => pool.idleConnections),
    activeRequests: sum(({ active }) => active),
    connectFailures: sum(({ connectFailures }) => connectFailures),
    health: healthStats(cluster, endpoints, nowMs),
    pendingRequests: breaker.pending,
    overflows: { ...breaker.overflows },
    openBreakers: breaker.open,
    refusedRetries: retryBudget.exhausted,
  };
}

function healthStats(
  cluster: UpstreamCluster,
  endpoints: readonly UpstreamEndpoint[],
  nowMs: number,
): ClusterHealthStats {
  const { ejections, checks } = cluster.health.reported;
  const drainingServe = endpoints.every(({ state }) => state === 'draining');
  return {
    out: endpoints.flatMap((endpoint) => whyOut(endpoint, drainingServe, nowMs) ?? []),
    isPanicking: cluster.isPanicking,
    ejections: { ...ejections },
    checks: { ...checks },
  };
}

/** What comes first in the order of truth: health/eligibility.ts. */
function whyOut(endpoint: UpstreamEndpoint, drainingServe: boolean, nowMs: number): EndpointOut | null {
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
