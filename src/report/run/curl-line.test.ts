import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { GatewayReport, ListenerReport, RouteReport, StatusReport } from '../../admin/status-report.ts';
import { curlLine } from './curl-line.ts';

const listener = (over: Partial<ListenerReport> = {}): ListenerReport => ({
  name: 'http',
  protocol: 'HTTP',
  port: 80,
  hostname: '',
  attachedRoutes: 1,
  bound: [{ address: '', port: 8080 }],
  conditions: [],
  ...over,
});

const identity = { namespace: 'default', generation: 1, servedSince: null };

const gateway = (listeners: readonly ListenerReport[]): GatewayReport => ({
  ...identity,
  kind: 'Gateway',
  name: 'web',
  gatewayClass: 'sluice',
  addresses: [],
  listeners,
  conditions: [],
  workers: null,
});

const route = (over: Partial<RouteReport> = {}): RouteReport => ({
  ...identity,
  kind: 'HTTPRoute',
  name: 'shop',
  hostnames: [],
  rules: 1,
  samplePath: '/',
  parents: [{ parent: 'Gateway default/web', conditions: [] }],
  ...over,
});

function curlOf(listeners: readonly ListenerReport[], routes: readonly RouteReport[]): string | null {
  const report: StatusReport = {
    version: '',
    startedAt: '',
    ready: true,
    notReady: null,
    reconciling: { failures: 0, consecutive: 0, error: null },
    workers: { expected: 1, serving: 1, restarts: 0, pids: [] },
    gateways: [gateway(listeners)],
    routes,
    others: [],
    findings: [],
  };
  return curlLine(report);
}

suite('a command to try', () => {
  test('names the host of a route, where it has one', () => {
    assert.equal(curlOf([listener()], [route()]), 'curl http://localhost:8080/');
    const hosted = route({ hostnames: ['checkout.example'], samplePath: '/cart' });
    assert.equal(
      curlOf([listener()], [hosted]),
      "curl -H 'Host: checkout.example' http://localhost:8080/cart",
    );
    assert.equal(
      curlOf([listener({ hostname: '*.example' })], [route({ hostnames: ['other.org', '*.shop.example'] })]),
      "curl -H 'Host: www.shop.example' http://localhost:8080/",
    );
  });

  test('over HTTPS the name must be the one of the certificate', () => {
    const https = listener({ name: 'https', protocol: 'HTTPS', hostname: 'shop.example' });
    assert.equal(
      curlOf([https], [route()]),
      'curl -k --resolve shop.example:8080:127.0.0.1 https://shop.example:8080/',
    );
    assert.equal(curlOf([https, listener()], [route()]), 'curl http://localhost:8080/', 'HTTP is simpler');
  });

  test('there is none where nothing would answer', () => {
    assert.equal(curlOf([listener({ bound: [] })], [route()]), null);
    assert.equal(curlOf([listener()], [route({ samplePath: null })]), null);
    assert.equal(curlOf([listener()], [route({ parents: [] })]), null);
    const section = [{ parent: 'Gateway default/web/other', conditions: [] }];
    assert.equal(curlOf([listener()], [route({ parents: section })]), null);
  });
});
