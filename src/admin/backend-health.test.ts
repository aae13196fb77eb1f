import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClusterStats, EndpointOut } from '../proxy/upstream/cluster-stats.ts';
import type { ProxyStats } from '../proxy/proxy-api.ts';
import { exposeMetrics } from '../telemetry/metric-registry.ts';
import { backendReports, keepHealth, mergeHealth } from './backend-health.ts';
import { proxyMetrics } from './proxy-metrics.ts';
import { RetiredStats } from './retired-stats.ts';
import type { BackendReport } from './status-report.ts';

const NOTHING_CHECKED = {
  passed: 0,
  connect_failed: 0,
  timeout: 0,
  reset: 0,
  invalid: 0,
  status: 0,
  not_serving: 0,
};

function cluster(
  name: string,
  out: readonly EndpointOut[],
  isPanicking = false,
  reach: Partial<ClusterStats['health']> = {},
): ClusterStats {
  return {
    cluster: `Service/default/${name}/80`,
    origin: { kind: 'Service', namespace: 'default', name, section: '80' },
    endpoints: 3,
    connections: 0,
    idleConnections: 0,
    activeRequests: 0,
    connectFailures: 0,
    pendingRequests: 0,
    overflows: { connections: 0, pending: 0, requests: 0, retries: 0 },
    openBreakers: [],
    refusedRetries: 0,
    health: {
      out,
      isChecked: true,
      unreachable: [],
      reachable: [],
      isPanicking,
      ejections: { consecutive_5xx: 1, gateway_errors: 0, success_rate: 0 },
      checks: { ...NOTHING_CHECKED, passed: 5, status: 2 },
      ...reach,
    },
  };
}

const worker = (...clusters: ClusterStats[]): ProxyStats => ({ ...new RetiredStats().snapshot(), clusters });

const out = (endpoint: string, cause: EndpointOut['cause'], forMs: number): EndpointOut => ({
  endpoint,
  cause,
  detail: '',
  forMs,
});

const backendHealth = (workers: readonly ProxyStats[], nowMs: number): readonly BackendReport[] =>
  backendReports(mergeHealth(workers, nowMs));

const NOW = Date.parse('2026-01-01T00:01:00Z');

test('an endpoint is out when any worker has it out; who has had it out longest says why', () => {
  const workers = [
    worker(cluster('b', []), cluster('a', [out('10.0.0.1:80', 'check_failing', 10_000)])),
    worker(
      cluster(
        'a',
        [out('10.0.0.2:80', 'consecutive_5xx', 1_000), out('10.0.0.1:80', 'success_rate', 30_000)],
        true,
      ),
      // Another Gateway with a policy of its own.
      cluster('a', [out('10.0.0.1:80', 'draining', 0)], true),
    ),
  ];
  const [a, b] = backendHealth(workers, NOW);
  assert.deepEqual(a, {
    kind: 'Service',
    namespace: 'default',
    name: 'a',
    port: '80',
    endpoints: 3,
    healthy: 1,
    unchecked: 0,
    panicking: 1,
    out: [
      {
        endpoint: '10.0.0.1:80',
        cause: 'success_rate',
        detail: '',
        since: '2026-01-01T00:00:30.000Z',
        workers: 2,
      },
      {
        endpoint: '10.0.0.2:80',
        cause: 'consecutive_5xx',
        detail: '',
        since: '2026-01-01T00:00:59.000Z',
        workers: 1,
      },
    ],
  });
  assert.equal(b?.healthy, 3);
});

test('without checks, an endpoint is healthy once it accepts connections, and out while it refuses them', () => {
  const unchecked = { isChecked: false };
  const silent = worker(cluster('a', [], false, unchecked));
  assert.deepEqual(
    backendHealth([silent], NOW).map(({ healthy, unchecked: notChecked }) => [healthy, notChecked]),
    [[0, 3]],
  );
  const busy = worker(
    cluster('a', [], false, {
      ...unchecked,
      reachable: ['10.0.0.1:80', '10.0.0.2:80'],
      unreachable: [{ endpoint: '10.0.0.3:80', failures: 4, forMs: 2_000 }],
    }),
  );
  const [backend] = backendHealth([silent, busy], NOW);
  assert.equal(backend?.healthy, 2);
  assert.equal(backend.unchecked, 0);
  assert.deepEqual(backend.out, [
    {
      endpoint: '10.0.0.3:80',
      cause: 'connect_failed',
      detail: '4 connection attempts in a row',
      since: '2026-01-01T00:00:58.000Z',
      workers: 1,
    },
  ]);
});

test('an endpoint that one worker cannot reach is not healthy because another can', () => {
  const endpoint = '10.0.0.1:80';
  const reaches = cluster('a', [], false, { isChecked: false, reachable: [endpoint] });
  const fails = cluster('a', [], false, {
    isChecked: false,
    unreachable: [{ endpoint, failures: 1, forMs: 0 }],
  });
  const [backend] = backendHealth([worker(reaches), worker(fails)], NOW);
  assert.deepEqual([backend?.healthy, backend?.unchecked, backend?.out.length], [0, 2, 1]);
});

test('health that differs in milliseconds only is kept', () => {
  const after = (forMs: number): ReturnType<typeof mergeHealth> =>
    mergeHealth([worker(cluster('a', [out('10.0.0.1:80', 'check_failing', forMs)]))], NOW);
  const before = after(1_000);
  assert.equal(keepHealth(before, after(1_003)), before);
  const healed = mergeHealth([worker(cluster('a', []))], NOW);
  assert.equal(keepHealth(before, healed), healed);
});

test('gauges count an endpoint once, counters sum over workers', async () => {
  const one = worker(cluster('a', [out('10.0.0.1:80', 'check_failing', 1)]));
  const { text } = await exposeMetrics(proxyMetrics([one, one]));
  assert.match(text, /^sluice_backend_endpoints\{.*backend_name="a".*\} 3$/m);
  assert.match(text, /^sluice_backend_endpoints_out\{.*cause="check_failing"\} 1$/m);
  assert.match(text, /^sluice_backend_panicking_workers\{.*\} 0$/m);
  assert.match(text, /^sluice_backend_ejections_total\{.*cause="consecutive_5xx"\} 2$/m);
  assert.match(text, /^sluice_backend_checks_total\{.*result="passed"\} 10$/m);
  assert.match(text, /^sluice_backend_checks_total\{.*result="status"\} 4$/m);
});
