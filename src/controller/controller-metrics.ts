/** Metrics of a controller. docs/reference/metrics.md. */
import type { ReconcileHealth } from './reconcile-health.ts';
import type { Reconciled } from './reconcile-loop.ts';
import { originOfDataPlane } from '../ir/data-plane-id.ts';
import type { MetricFamily } from '../telemetry/metric-registry.ts';

/** The state of one controller. */
export interface ControllerState {
  readonly isLeader: boolean;
  readonly reconciliations: number;
  readonly health: ReconcileHealth;
  /** The newest; null before the first. */
  readonly last: Reconciled | null;
  readonly residentBytes: number;
  readonly cpuSeconds: number;
}

export function controllerMetrics(state: ControllerState): MetricFamily[] {
  return [...processMetrics(state), ...(state.last === null ? [] : stateMetrics(state.last))];
}

function processMetrics(state: ControllerState): MetricFamily[] {
  return [
    single(
      'sluice_controller_leader',
      'gauge',
      'Whether this replica leads: 1 or 0.',
      Number(state.isLeader),
    ),
    single(
      'sluice_controller_reconciliations_total',
      'counter',
      'Times that all objects were evaluated and the differences published.',
      state.reconciliations,
    ),
    single(
      'sluice_controller_reconcile_failures_total',
      'counter',
      'Runs of the control loop that failed, so that changes of objects were not applied.',
      state.health.failures,
    ),
    single(
      'sluice_controller_reconcile_failing',
      'gauge',
      'Runs of the control loop that failed in a row; 0 when the last one succeeded.',
      state.health.consecutive,
    ),
    single(
      'sluice_controller_resident_bytes',
      'gauge',
      'Resident memory of the controller.',
      state.residentBytes,
    ),
    single(
      'sluice_controller_cpu_seconds_total',
      'counter',
      'User and system time of the controller since it started.',
      state.cpuSeconds,
    ),
  ];
}

function stateMetrics({ snapshot, inputFindings, observations, result }: Reconciled): MetricFamily[] {
  const severities = ['error', 'warning', 'info'] as const;
  const perGateway = (
    read: (observed: (typeof observations.dataPlanes)[number]) => number,
  ): MetricFamily['samples'] =>
    observations.dataPlanes.map((observed) => {
      const { namespace, name } = originOfDataPlane(observed.dataPlane);
      return { labels: { gateway_namespace: namespace, gateway_name: name }, value: read(observed) };
    });
  return [
    {
      name: 'sluice_controller_objects',
      type: 'gauge',
      help: 'Objects in the snapshot, by list.',
      samples: Object.entries(snapshot).map(([kind, objects]) => ({
        labels: { kind },
        value: (objects as readonly unknown[]).length,
      })),
    },
    {
      name: 'sluice_controller_findings',
      type: 'gauge',
      help: 'Findings about the current objects, by severity.',
      samples: severities.map((severity) => ({
        labels: { severity },
        value: [...inputFindings, ...result.findings].filter((finding) => finding.severity === severity)
          .length,
      })),
    },
    {
      name: 'sluice_controller_proxies_expected',
      type: 'gauge',
      help: 'Proxies that should serve the Gateway.',
      samples: perGateway(({ acknowledged }) => acknowledged?.expected ?? 0),
    },
    {
      name: 'sluice_controller_proxies_serving',
      type: 'gauge',
      help: "Proxies that serve the Gateway's newest generation.",
      samples: perGateway(({ acknowledged }) => acknowledged?.proxies ?? 0),
    },
    {
      name: 'sluice_controller_configuration_refused',
      type: 'gauge',
      help: 'Whether a proxy keeps an older configuration because it cannot serve the newest: 1 or 0.',
      samples: perGateway(({ refused }) => Number((refused ?? null) !== null)),
    },
  ];
}

const single = (name: string, type: 'gauge' | 'counter', help: string, value: number): MetricFamily => ({
  name,
  type,
  help,
  samples: [{ labels: {}, value }],
});
