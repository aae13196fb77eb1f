import type { ClusterStats } from '../proxy-api.ts';
import type { UpstreamCluster } from './cluster.ts';

export function clusterStats(cluster: UpstreamCluster): ClusterStats {
  const endpoints = [...cluster.endpoints];
  const sum = (count: (endpoint: (typeof endpoints)[number]) => number): number =>
    endpoints.reduce((total, endpoint) => total + count(endpoint), 0);
  return {
    cluster: cluster.config.id,
    origin: cluster.config.origin,
    endpoints: endpoints.length,
    connections: sum(({ pool }) => pool.connections),
    idleConnections: sum(({ pool }) => pool.idleConnections),
    activeRequests: sum(({ active }) => active),
    connectFailures: sum(({ connectFailures }) => connectFailures),
  };
}
