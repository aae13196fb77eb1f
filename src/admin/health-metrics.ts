/** Health of endpoints as metric families. */
import type { ClusterStats } from '../proxy/upstream/cluster-stats.ts';
import type { ProxyStats } from '../proxy/proxy-api.ts';
import type { LabelValues, Sample } from '../telemetry/metric-registry.ts';
import { mergeHealth } from './backend-health.ts';
import type { UnsummedFamily } from './stream-metrics.ts';

type BackendName = Pick<ClusterStats['origin'], 'kind' | 'namespace' | 'name'>;

const backendLabels = ({ kind, namespace, name }: BackendName, port: string): LabelValues => ({
  backend_kind: kind,
  backend_namespace: namespace,
  backend_name: name,
  backend_port: port,
});

/** Gauges combine all workers: an endpoint counts once. Counters are summed later. */
export function healthFamilies(workers: readonly ProxyStats[]): UnsummedFamily[] {
  const health = [...mergeHealth(workers, 0)].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const backends = health.map(([, backend]) => ({
    ...backend,
    // An endpoint that refuses connections still gets requests; `sluice_backend_connect_failures_total` counts the failures.
    out: backend.out.filter(({ cause }) => cause !== 'connect_failed'),
    labels: backendLabels(backend.origin, backend.origin.section ?? ''),
  }));
  const counted = (kind: 'ejections' | 'checks', label: string): Sample[] =>
    workers.flatMap(({ clusters }) =>
      clusters.flatMap(({ origin, health: own }) =>
        Object.entries(own[kind]).flatMap(([which, value]) =>
          value === 0
            ? []
            : [{ labels: { ...backendLabels(origin, origin.section ?? ''), [label]: which }, value }],
        ),
      ),
    );
  return [
    {
      name: 'backend_endpoints',
      type: 'gauge',
      help: 'Endpoints of the backend, ready or draining.',
      samples: backends.map(({ labels, endpoints }) => ({ labels, value: endpoints })),
    },
    {
      name: 'backend_endpoints_out',
      type: 'gauge',
      help: 'Endpoints of the backend that take no requests in at least one worker, by cause.',
      samples: backends.flatMap(({ labels, out }) =>
        out.map(({ cause }) => ({ labels: { ...labels, cause }, value: 1 })),
      ),
    },
    {
      name: 'backend_panicking_workers',
      type: 'gauge',
      help: 'Workers that ignore endpoint health because too few endpoints are healthy.',
      samples: backends.map(({ labels, panicking }) => ({ labels, value: panicking })),
    },
    {
      name: 'backend_ejections_total',
      type: 'counter',
      help: 'Endpoints ejected by passive health checks, by cause.',
      samples: counted('ejections', 'cause'),
    },
    {
      name: 'backend_checks_total',
      type: 'counter',
      help: 'Active health checks, by result.',
      samples: counted('checks', 'result'),
    },
  ];
}
