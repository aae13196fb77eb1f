/** The supervisor's own metrics: workers, findings, and whether the newest configuration is active. docs/reference/metrics.md. */
import type { StatusReport } from '../admin/status-report.ts';
import type { MetricFamily } from '../telemetry/metric-registry.ts';
import type { PoolStats } from './worker-pool.ts';

export const supervisorMetrics = (stats: PoolStats, status: StatusReport): MetricFamily[] => [
  ...workerMetrics(stats),
  ...statusMetrics(status),
];

/** Metrics of the worker processes. */
export function workerMetrics(stats: PoolStats): MetricFamily[] {
  const perWorker = (read: (worker: PoolStats['workers'][number]) => number): MetricFamily['samples'] =>
    stats.workers.map((worker) => ({ labels: { worker: String(worker.index) }, value: read(worker) }));
  return [
    {
      name: 'sluice_workers',
      type: 'gauge',
      help: 'Worker processes that answered this scrape.',
      samples: [{ labels: {}, value: stats.workers.length }],
    },
    {
      name: 'sluice_worker_restarts_total',
      type: 'counter',
      help: 'Workers that ended and were replaced.',
      samples: [{ labels: {}, value: stats.restarts }],
    },
    {
      name: 'sluice_worker_stuck_total',
      type: 'counter',
      help: 'Workers that were killed because they did not respond to heartbeats.',
      samples: [{ labels: {}, value: stats.stuck }],
    },
    {
      name: 'sluice_worker_heartbeat_seconds',
      type: 'gauge',
      help: 'How long each worker took to answer the last heartbeat.',
      samples: stats.workers.flatMap(({ index, heartbeatMs }) =>
        heartbeatMs === null ? [] : [{ labels: { worker: String(index) }, value: heartbeatMs / 1000 }],
      ),
    },
    {
      name: 'sluice_worker_resident_bytes',
      type: 'gauge',
      help: 'Resident memory of each worker.',
      samples: perWorker(({ stats: { residentBytes } }) => residentBytes),
    },
    {
      name: 'sluice_worker_cpu_seconds_total',
      type: 'counter',
      help: 'User and system CPU time of each worker since it started.',
      samples: perWorker(({ stats: { cpuSeconds } }) => cpuSeconds),
    },
    ...limitMetrics(stats.limits),
    {
      name: 'sluice_access_log_dropped_total',
      type: 'counter',
      help: 'Access log lines that were not written: the pipe has no reader, or the disk is full.',
      samples: [{ labels: {}, value: stats.accessLogDropped }],
    },
  ];
}

/** Of the ledger of limits. */
function limitMetrics(limits: PoolStats['limits']): MetricFamily[] {
  const perLimit = (read: (limit: PoolStats['limits'][number]) => number): MetricFamily['samples'] =>
    limits.map((usage) => ({
      labels: {
        gateway_namespace: usage.gateway.namespace,
        gateway_name: usage.gateway.name,
        policy: `${usage.policy.namespace}/${usage.policy.name}`,
        limit: usage.limit,
      },
      value: read(usage),
    }));
  return [
    {
      name: 'sluice_rate_limit_keys',
      type: 'gauge',
      help: 'Keys of a rate limit that the proxy keeps: those that are not back at their full allowance.',
      samples: perLimit(({ keys }) => keys),
    },
    {
      name: 'sluice_rate_limit_evicted_keys_total',
      type: 'counter',
      help: 'Keys of a rate limit that made room for others: more than `maxKeys` were in use.',
      samples: perLimit(({ evicted }) => evicted),
    },
  ];
}

function statusMetrics(status: StatusReport): MetricFamily[] {
  const severities = ['error', 'warning', 'info'] as const;
  return [
    {
      name: 'sluice_workers_serving',
      type: 'gauge',
      help: 'Workers that serve the newest configuration.',
      samples: [{ labels: {}, value: status.workers.serving }],
    },
    {
      name: 'sluice_reconcile_failures_total',
      type: 'counter',
      help: 'Runs of the control loop that failed, so that changes of resources were not applied.',
      samples: [{ labels: {}, value: status.reconciling.failures }],
    },
    {
      name: 'sluice_reconcile_failing',
      type: 'gauge',
      help: 'Runs of the control loop that failed in a row; 0 when the last one succeeded.',
      samples: [{ labels: {}, value: status.reconciling.consecutive }],
    },
    {
      name: 'sluice_findings',
      type: 'gauge',
      help: 'Findings about the current resources, by severity.',
      samples: severities.map((severity) => ({
        labels: { severity },
        value: status.findings.filter((finding) => finding.severity === severity).length,
      })),
    },
  ];
}
