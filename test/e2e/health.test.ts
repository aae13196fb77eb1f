/** A BackendPolicy with health checks, two workers, and backends that are unwell: what clients, the admin API and the terminal see. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { StatusAnswer } from '../../src/admin/status-report.ts';
import { send } from '../support/http-client.ts';
import { SLUICE, startSluice } from '../support/sluice-process.ts';

class Backend {
  isWell = true;
  requests = 0;
  readonly #server: Server;
  private constructor() {
    this.#server = createServer((request, response) => {
      const isCheck = request.url === '/healthz';
      if (!isCheck) this.requests++;
      response.statusCode = isCheck && !this.isWell ? 503 : 200;
      response.end('ok');
    });
  }
  static async start(): Promise<Backend> {
    const backend = new Backend();
    await new Promise<void>((resolve) => backend.#server.listen(0, '127.0.0.1', resolve));
    return backend;
  }
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }
  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

const slice = (name: string, port: number): string => `
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: ${name}, namespace: demo, labels: { kubernetes.io/service-name: api } }
addressType: IPv4
ports: [{ name: http, port: ${String(port)} }]
endpoints: [{ addresses: [127.0.0.1], conditions: { ready: true } }]`;

const resources = (backends: readonly Backend[], unhealthyThreshold: number): string => `
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: sluice }
spec: { controllerName: sluice.dev/gateway-controller }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: gw, namespace: demo }
spec: { gatewayClassName: sluice, listeners: [{ name: http, port: 80, protocol: HTTP }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: web, namespace: demo }
spec: { parentRefs: [{ name: gw }], rules: [{ backendRefs: [{ name: api, port: 80 }] }] }
---
apiVersion: v1
kind: Service
metadata: { name: api, namespace: demo }
spec: { ports: [{ name: http, port: 80 }] }
---
apiVersion: gateway.sluice.dev/v1alpha1
kind: BackendPolicy
metadata: { name: checked, namespace: demo }
spec:
  targetRefs: [{ group: "", kind: Service, name: api }]
  healthCheck:
    active:
      type: HTTP
      interval: 100ms
      timeout: 2s
      unhealthyThreshold: ${String(unhealthyThreshold)}
      http: { path: /healthz }
${backends.map(({ port }, index) => slice(`api-${String(index)}`, port)).join('')}
`;

test('an endpoint that fails its checks is out in every worker, and everything says so', async (t) => {
  const backends = [await Backend.start(), await Backend.start(), await Backend.start()];
  const folder = mkdtempSync(join(tmpdir(), 'sluice-health-'));
  t.after(() => {
    for (const backend of backends) backend.stop();
    rmSync(folder, { recursive: true });
  });
  const file = join(folder, 'all.yaml');
  writeFileSync(file, resources(backends, 2));
  const [bad] = backends;
  assert.ok(bad);
  bad.isWell = false;
  const sluice = await startSluice({ paths: [folder], workers: 2 });
  t.after(() => sluice.stop());
  const outIn = (workers: number): Promise<StatusAnswer> =>
    sluice.until(({ backends: [first] }) => (first?.out[0]?.workers ?? 0) === workers);
  const [api] = (await outIn(2)).backends;
  assert.equal(api?.endpoints, 3);
  assert.equal(api.healthy, 2);
  assert.equal(api.out[0]?.endpoint, `127.0.0.1:${String(bad.port)}`);
  assert.equal(api.out[0].detail, 'it responded with 503');

  for (let count = 0; count < 24; count++) {
    assert.equal((await send({ port: sluice.port(80) })).status, 200);
  }
  assert.equal(bad.requests, 0);

  const text = execFileSync(
    process.execPath,
    [SLUICE, 'status', '--admin', sluice.admin.replace('http://', '')],
    {
      encoding: 'utf8',
    },
  );
  assert.match(
    text,
    /Service demo\/api:\S+ +2 of 3\s+127\.0\.0\.1:\d+ fails its checks for \d+s: it responded with 503/,
  );
  const metrics = await (await fetch(`${sluice.admin}/metrics`)).text();
  assert.match(metrics, /^sluice_backend_endpoints_out\{.*backend_name="api".*cause="check_failing"\} 1$/m);
  assert.match(metrics, /^sluice_backend_checks_total\{.*backend_name="api".*result="status"\} \d+$/m);

  // A swap with another definition of the check: what is known holds.
  writeFileSync(file, resources(backends, 500));
  const config = async (): Promise<string> => (await fetch(`${sluice.admin}/config`)).text();
  while (!(await config()).includes('"unhealthyThreshold": 500'));
  await sluice.until(({ workers }) => workers.serving === 2);
  assert.equal((await sluice.status()).backends[0]?.healthy, 2);
  bad.isWell = true;
  await outIn(0);
});
