/**
 * Counters of the proxies as metric families. Labels are names of Gateway API objects, so their number is bounded by configuration.
 * docs/reference/metrics.md is generated from this file.
 */
import type { ClusterStats } from '../proxy/upstream/cluster-stats.ts';
import type { PolicyRefusalStats } from '../proxy/exchange/policy-refusals.ts';
import type { HistogramSnapshot, RequestStats } from '../proxy/exchange/request-stats.ts';
import type { ProxyStats } from '../proxy/proxy-api.ts';
import type { LabelValues, MetricFamily, Sample } from '../telemetry/metric-registry.ts';
import { backendName, ruleName } from '../access-log/access-log.ts';
import { healthFamilies } from './health-metrics.ts';
import { streamFamilies, type UnsummedFamily } from './stream-metrics.ts';

/** The numbers of all workers, summed. */
export function proxyMetrics(workers: readonly ProxyStats[]): MetricFamily[] {
  const requests = workers.flatMap((worker) => worker.requests);
  const clusters = workers.flatMap((worker) => worker.clusters);
  const streams = summed(streamFamilies(workers));
  return [
    ...requestFamilies(requests),
    policyFamily(workers.flatMap((worker) => worker.policyRefusals)),
    ...streams,
    ...clusterFamilies(clusters),
    ...summed(healthFamilies(workers)),
    ...processFamilies(workers),
  ];
}

const summed = (families: readonly UnsummedFamily[]): MetricFamily[] =>
  families.map(({ name, type, help, samples }) => family(name, type, help, samples));

type Type = MetricFamily['type'];

const family = (name: string, type: Type, help: string, samples: readonly Sample[]): MetricFamily => ({
  name: `sluice_${name}`,
  type,
  help,
  samples: sum(samples),
});

/** One sample for each set of labels, summed over workers. */
function sum(samples: readonly Sample[]): Sample[] {
  const totals = new Map<string, Sample>();
  for (const sample of samples) {
    const key = `${sample.suffix ?? ''}${JSON.stringify(sample.labels)}`;
    const before = totals.get(key);
    totals.set(key, before === undefined ? sample : { ...sample, value: before.value + sample.value });
  }
  return [...totals.values()];
}

function routeLabels({ gateway, listener, rule, backend }: RequestStats): LabelValues {
  return {
    gateway_namespace: gateway?.namespace ?? '',
    gateway_name: gateway?.name ?? '',
    listener: listener?.section ?? '',
    route_kind: rule?.kind ?? '',
    route_namespace: rule?.namespace ?? '',
    route_name: rule?.name ?? '',
    rule: rule === null ? '' : ruleName(rule),
    backend: backendName(backend) ?? '',
  };
}

function requestFamilies(requests: readonly RequestStats[]): MetricFamily[] {
  const each = (read: (stats: RequestStats, labels: LabelValues) => readonly Sample[]): Sample[] =>
    requests.flatMap((stats) => read(stats, routeLabels(stats)));
  return [
    family(
      'requests_total',
      'counter',
      'Requests finished, by status class.',
      each((stats, labels) =>
        stats.byClass.flatMap((value, hundreds) =>
          hundreds === 0 || value === 0
            ? []
            : [{ labels: { ...labels, code: `${String(hundreds)}xx` }, value }],
        ),
      ),
    ),
    family(
      'gateway_answers_total',
      'counter',
      'Responses that the gateway generated itself, by reason.',
      each((stats, labels) =>
        Object.entries(stats.byReason).map(([reason, value]) => ({ labels: { ...labels, reason }, value })),
      ),
    ),
    family(
      'request_bytes_total',
      'counter',
      'Payload bytes received from clients.',
      each((stats, labels) => [{ labels, value: stats.requestBytes }]),
    ),
    family(
      'response_bytes_total',
      'counter',
      'Payload bytes sent to clients.',
      each((stats, labels) => [{ labels, value: stats.responseBytes }]),
    ),
    family(
      'retries_total',
      'counter',
      'Retries, by the failure of the attempt before.',
      each((stats, labels) =>
        Object.entries(stats.retries).map(([reason, value]) => ({ labels: { ...labels, reason }, value })),
      ),
    ),
    family(
      'request_duration_seconds',
      'histogram',
      'Time from the complete request head to the end of the response.',
      each((stats, labels) => histogramSamples(stats.duration, labels)),
    ),
  ];
}

function policyFamily(refusals: readonly PolicyRefusalStats[]): MetricFamily {
  return family(
    'policy_refusals_total',
    'counter',
    'Requests and connections that a policy refused; with mode `audit`, those that it would have refused.',
    refusals.map(({ gateway, policy, rule, reason, mode, count }) => ({
      labels: {
        gateway_namespace: gateway.namespace,
        gateway_name: gateway.name,
        kind: policy.kind,
        policy: `${policy.namespace}/${policy.name}`,
        policy_rule: rule,
        reason,
        mode,
      },
      value: count,
    })),
  );
}

/** Counts of the snapshot are cumulative, as buckets are. */
function histogramSamples({ boundsMs, counts, sumMs }: HistogramSnapshot, labels: LabelValues): Sample[] {
  const buckets = counts.map((value, index) => {
    const bound = boundsMs[index];
    const le = bound === undefined || bound === Infinity ? '+Inf' : String(bound / 1000);
    return { labels: { ...labels, le }, value, suffix: '_bucket' };
  });
  return [
    ...buckets,
    { labels, value: sumMs / 1000, suffix: '_sum' },
    { labels, value: counts.at(-1) ?? 0, suffix: '_count' },
  ];
}

function backendLabels({ origin }: ClusterStats): LabelValues {
  return {
    backend_kind: origin.kind,
    backend_namespace: origin.namespace,
    backend_name: origin.name,
    backend_port: origin.section ?? '',
  };
}

function clusterFamilies(clusters: readonly ClusterStats[]): MetricFamily[] {
  const each = (read: (stats: ClusterStats) => number): Sample[] =>
    clusters.map((stats) => ({ labels: backendLabels(stats), value: read(stats) }));
  return [
    family(
      'backend_connections',
      'gauge',
      'Open connections to endpoints of the backend.',
      each((stats) => stats.connections),
    ),
    family(
      'backend_idle_connections',
      'gauge',
      'Open connections to endpoints of the backend that are idle.',
      each((stats) => stats.idleConnections),
    ),
    family(
      'backend_active_requests',
      'gauge',
      'Requests in flight to the backend.',
      each((stats) => stats.activeRequests),
    ),
    family(
      'backend_connect_failures_total',
      'counter',
      'Connection attempts to the backend that failed.',
      each((stats) => stats.connectFailures),
    ),
    ...limitFamilies(clusters),
  ];
}

/** Circuit breakers and retry budgets. */
function limitFamilies(clusters: readonly ClusterStats[]): MetricFamily[] {
  return [
    family(
      'backend_pending_requests',
      'gauge',
      'Requests that wait because no further connection to the backend may be made.',
      clusters.map((stats) => ({ labels: backendLabels(stats), value: stats.pendingRequests })),
    ),
    family(
      'backend_limits_reached',
      'gauge',
      'Workers whose circuit breaker has reached the limit.',
      clusters.flatMap((stats) =>
        stats.openBreakers.map((limit) => ({ labels: { ...backendLabels(stats), limit }, value: 1 })),
      ),
    ),
    family(
      'backend_overflows_total',
      'counter',
      'Requests that the limit refused, or whose retry it prevented.',
      clusters.flatMap((stats) =>
        Object.entries(stats.overflows).map(([limit, value]) => ({
          labels: { ...backendLabels(stats), limit },
          value,
        })),
      ),
    ),
    family(
      'backend_retries_refused_total',
      'counter',
      'Retries that the retry budget of the backend did not allow.',
      clusters.map((stats) => ({ labels: backendLabels(stats), value: stats.refusedRetries })),
    ),
  ];
}

function processFamilies(workers: readonly ProxyStats[]): MetricFamily[] {
  const total = (read: (stats: ProxyStats) => number): Sample[] =>
    workers.map((stats) => ({ labels: {}, value: read(stats) }));
  return [
    family(
      'downstream_connections',
      'gauge',
      'Open client connections.',
      total(({ downstream }) => downstream.openConnections),
    ),
    family(
      'downstream_connections_total',
      'counter',
      'Client connections accepted.',
      total(({ downstream }) => downstream.acceptedConnections),
    ),
    family(
      'downstream_active_requests',
      'gauge',
      'Client requests in flight.',
      total(({ downstream }) => downstream.activeRequests),
    ),
    family(
      'refused_total',
      'counter',
      'Requests refused before routing, by reason.',
      workers.flatMap((stats) =>
        Object.entries(stats.refused).map(([reason, value]) => ({ labels: { reason }, value })),
      ),
    ),
    family(
      'mirrored_total',
      'counter',
      'Copies of requests sent to mirrors.',
      total(({ mirrors }) => mirrors.sent),
    ),
    family(
      'mirrors_dropped_total',
      'counter',
      'Copies dropped because the mirror was slow, away or full.',
      total(({ mirrors }) => mirrors.dropped),
    ),
  ];
}
