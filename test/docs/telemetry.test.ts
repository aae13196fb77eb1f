import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { exposeMetrics } from '../../src/telemetry/metric-registry.ts';
import { controllerMetrics } from '../../src/controller/controller-metrics.ts';
import { formatRecord } from '../../src/access-log/access-log.ts';
import { Sample } from '../../src/access-log/sample.ts';
import { proxyMetrics } from '../../src/admin/proxy-metrics.ts';
import { RefusalCounter } from '../../src/proxy/exchange/policy-refusals.ts';
import { supervisorMetrics } from '../../src/supervisor/supervisor-metrics.ts';
import {
  CONTROLLER,
  POOL,
  STATS,
  STATUS,
  backend,
  gateway,
  listener,
  rule,
} from '../support/telemetry-scene.ts';

const REFUSAL = new RefusalCounter({
  gateway,
  policy: { kind: 'AccessPolicy', namespace: 'default', name: 'office' },
  rule: 'crawlers',
  reason: 'auth_denied',
  mode: 'audit',
});

/** First column of every row of a page's tables, without its marks. */
function documented(page: string): string[] {
  const text = readFileSync(new URL(`../../docs/reference/${page}`, import.meta.url), 'utf8');
  return [...text.matchAll(/^\| `([^`]+)` /gm)].map(([, name = '']) => name);
}

suite('telemetry and its pages', () => {
  test('numbers of workers are summed, and a scraper can read them', async () => {
    const { text, contentType } = await exposeMetrics(proxyMetrics([STATS, STATS]));
    assert.match(contentType, /^text\/plain/);
    assert.match(text, /^# TYPE sluice_requests_total counter$/m);
    assert.match(
      text,
      /^sluice_requests_total\{.*route_name="shop",rule="2",backend="Service\/default\/api:8080",code="2xx"\} 6$/m,
    );
    assert.match(
      text,
      /^sluice_policy_refusals_total\{gateway_namespace="default",gateway_name="web",kind="AccessPolicy",policy="default\/office",policy_rule="",reason="auth_denied",mode="audit"\} 4$/m,
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
      refusedBy: REFUSAL,
      wouldRefuse: [REFUSAL],
      user: 'u',
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
