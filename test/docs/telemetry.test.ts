import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import type { StatusReport } from '../../src/admin/status-report.ts';
import { gatewayDataPlane } from '../../src/ir/data-plane-id.ts';
import type { ProxyStats } from '../../src/proxy/proxy-api.ts';
import { exposeMetrics } from '../../src/telemetry/metric-registry.ts';
import { assembleSnapshot } from '../../src/provider/file/assemble.ts';
import { controllerMetrics, type ControllerState } from '../../src/controller/controller-metrics.ts';
import { formatRecord } from '../../src/access-log/access-log.ts';
import { Sample } from '../../src/access-log/sample.ts';
import { proxyMetrics } from '../../src/admin/proxy-metrics.ts';
import { supervisorMetrics } from '../../src/supervisor/supervisor-metrics.ts';
import type { PoolStats } from '../../src/supervisor/worker-pool.ts';

/** First column of every row of a page's tables, without its marks. */
function documented(page: string): string[] {
  const text = readFileSync(new URL(`../../docs/reference/${page}`, import.meta.url), 'utf8');
  return [...text.matchAll(/^\| `([^`]+)` /gm)].map(([, name = '']) => name);
}

const rule = { kind: 'HTTPRoute', namespace: 'default', name: 'shop', index: 2 };
const gateway = { kind: 'Gateway', namespace: 'default', name: 'web' };
const listener = { ...gateway, section: 'http' };
const backend = { kind: 'Service', namespace: 'default', name: 'api', section: '8080' };

const STATS: ProxyStats = {
  requests: [
    {
      gateway,
      listener,
      rule,
      backend,
      byClass: [0, 0, 3, 0, 0, 1],
      byReason: { no_endpoints: 1 },
      requestBytes: 10,
      responseBytes: 20,
      retries: { connect: 1 },
      duration: { boundsMs: [1, 10, Infinity], counts: [1, 3, 4], sumMs: 30 },
    },
  ],
  clusters: [
    {
      cluster: 'c',
      origin: backend,
      endpoints: 1,
      connections: 2,
      idleConnections: 1,
      activeRequests: 1,
      connectFailures: 0,
      health: {
        out: [{ endpoint: '10.0.0.1:80', cause: 'check_failing', detail: 'it answered 503', forMs: 1_000 }],
        isChecked: true,
        unreachable: [],
        reachable: [],
        isPanicking: false,
        ejections: { consecutive_5xx: 1, gateway_errors: 0, success_rate: 0 },
        checks: {
          passed: 3,
          connect_failed: 0,
          timeout: 0,
          reset: 0,
          invalid: 0,
          status: 2,
          not_serving: 0,
        },
      },
      pendingRequests: 1,
      overflows: { connections: 0, pending: 1, requests: 0, retries: 0 },
      openBreakers: ['connections'],
      refusedRetries: 1,
    },
  ],
  downstream: { openConnections: 1, acceptedConnections: 2, activeRequests: 1 },
  refused: { bad_request: 1 },
  streams: [
    {
      protocol: 'tcp',
      gateway,
      listener,
      rule,
      backend,
      total: 2,
      active: 1,
      receivedBytes: 10,
      sentBytes: 20,
      retries: 1,
      byReason: { connect_failed: 1 },
    },
  ],
  tls: [{ gateway, port: 443, handshakes: 3, resumed: 1, passedThrough: 1, failures: { timeout: 1 } }],
  mirrors: { sent: 1, dropped: 0 },
};

const POOL: PoolStats = {
  proxies: [STATS],
  workers: [
    {
      index: 1,
      stats: { proxy: STATS, residentBytes: 1, cpuSeconds: 0.5, accessLogDropped: 0 },
      heartbeatMs: 1,
    },
    {
      index: 2,
      stats: { proxy: STATS, residentBytes: 2, cpuSeconds: 0.25, accessLogDropped: 3 },
      heartbeatMs: null,
    },
  ],
  restarts: 1,
  stuck: 1,
  accessLogDropped: 3,
};

const STATUS: StatusReport = {
  version: '1',
  startedAt: '2026-01-01T00:00:00Z',
  ready: true,
  notReady: null,
  reconciling: { failures: 0, consecutive: 0, error: null },
  workers: { expected: 2, serving: 2, restarts: 1, pids: [1, 2] },
  gateways: [],
  routes: [],
  others: [],
  findings: [],
};

const CONTROLLER: ControllerState = {
  isLeader: true,
  reconciliations: 7,
  health: { failures: 1, consecutive: 0, error: null },
  last: {
    snapshot: assembleSnapshot([]),
    inputFindings: [],
    observations: {
      dataPlanes: [
        {
          dataPlane: gatewayDataPlane({ namespace: 'default', name: 'web' }),
          addresses: [],
          acknowledged: { version: 'v', generation: 1, proxies: 1, expected: 2 },
          failedPorts: [],
          refused: 'port 80 is taken',
        },
      ],
    },
    result: { configs: [], infra: [], statuses: [], findings: [], policies: [] },
    revision: 1,
  },
  residentBytes: 1,
  cpuSeconds: 0.5,
};

suite('telemetry and its pages', () => {
  test('metrics.md lists exactly the metrics', () => {
    const families = [
      ...proxyMetrics([STATS]),
      ...supervisorMetrics(POOL, STATUS),
      ...controllerMetrics(CONTROLLER),
    ];
    const names = families.map(({ name }) => name);
    assert.deepEqual(documented('metrics.md').toSorted(), names.toSorted());
  });

  test('numbers of workers are summed, and a scraper can read them', async () => {
    const { text, contentType } = await exposeMetrics(proxyMetrics([STATS, STATS]));
    assert.match(contentType, /^text\/plain/);
    assert.match(text, /^# TYPE sluice_requests_total counter$/m);
    assert.match(
      text,
      /^sluice_requests_total\{.*route_name="shop",rule="2",backend="Service\/default\/api:8080",code="2xx"\} 6$/m,
    );
    assert.match(text, /^sluice_request_duration_seconds_bucket\{.*le="0\.01"\} 6$/m);
    assert.match(text, /^sluice_request_duration_seconds_count\{.*\} 8$/m);
  });

  test('what belongs to one worker is told by worker', async () => {
    const { text } = await exposeMetrics(supervisorMetrics(POOL, STATUS));
    assert.match(text, /^sluice_workers 2$/m);
    assert.match(text, /^sluice_worker_resident_bytes\{worker="2"\} 2$/m);
    assert.match(text, /^sluice_access_log_dropped_total 3$/m);
  });

  test('a controller tells how many proxies serve each Gateway', async () => {
    const { text } = await exposeMetrics(controllerMetrics(CONTROLLER));
    const labels = '{gateway_namespace="default",gateway_name="web"}';
    assert.ok(text.includes(`sluice_controller_proxies_expected${labels} 2\n`), text);
    assert.ok(text.includes(`sluice_controller_proxies_serving${labels} 1\n`));
    assert.ok(text.includes(`sluice_controller_configuration_refused${labels} 1\n`));
    assert.match(text, /^sluice_controller_objects\{kind="httpRoutes"\} 0$/m);
    const early = await exposeMetrics(controllerMetrics({ ...CONTROLLER, last: null }));
    assert.match(early.text, /^sluice_controller_leader 1$/m);
  });

  test('access-log.md lists exactly the fields', () => {
    const line = formatRecord({
      startedAtMs: 0,
      labels: { gateway, listener, rule, backend },
      endpoint: '10.0.0.1:80',
      status: 503,
      reason: 'upstream_reset',
      requestBytes: 0,
      responseBytes: 0,
      timings: { connectedMs: 0.12345, responseHeadMs: 1, totalMs: 2 },
      retries: 0,
      protocol: 'HTTP/1.1',
      method: 'GET',
      path: '/',
      host: 'a',
      clientIp: '::1',
      requestId: 'r',
      traceId: 't',
    });
    const fields = JSON.parse(line) as Record<string, unknown>;
    assert.deepEqual(documented('access-log.md').toSorted(), Object.keys(fields).toSorted());
    assert.equal(fields['connectMs'], 0.123);
    assert.equal(fields['route'], 'HTTPRoute/default/shop');
  });

  test('a sample is an even share', () => {
    const sample = new Sample(25);
    const hits = Array.from({ length: 100 }, () => sample.next());
    assert.equal(hits.filter(Boolean).length, 25);
    assert.ok(hits.slice(0, 8).some(Boolean));
  });
});
