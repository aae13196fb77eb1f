/** Where names of backends may lead under `sluice run`: to processes of the machine, and never to the gateway's own admin API. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { send } from '../support/http-client.ts';
import { startSluice } from '../support/sluice-process.ts';

const GATEWAY = `
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: sluice }
spec: { controllerName: sluice.dev/gateway-controller }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: g, namespace: default }
spec:
  gatewayClassName: sluice
  listeners: [{ name: http, port: 80, protocol: HTTP }]
`;

/** A route of `HOST.test` to a name and a port. */
const named = (host: string, externalName: string, port: number): string => `---
apiVersion: v1
kind: Service
metadata: { name: ${host}, namespace: default }
spec: { type: ExternalName, externalName: "${externalName}" }
---
${route(host, port)}`;

/** A route to an EndpointSlice. */
const listed = (host: string, address: string, port: number): string => `---
apiVersion: v1
kind: Service
metadata: { name: ${host}, namespace: default }
spec: { ports: [{ port: ${String(port)} }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: ${host}, namespace: default, labels: { kubernetes.io/service-name: ${host} } }
addressType: IPv4
endpoints: [{ addresses: ["${address}"] }]
ports: [{ port: ${String(port)} }]
---
${route(host, port)}`;

const route = (host: string, port: number): string => `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: ${host}, namespace: default }
spec:
  parentRefs: [{ name: g }]
  hostnames: [${host}.test]
  rules:
    - filters: [{ type: URLRewrite, urlRewrite: { hostname: localhost } }]
      backendRefs: [{ name: ${host}, port: ${String(port)} }]
`;

async function listen(): Promise<Server> {
  const server = createServer((_, response) => response.end('own process'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

test('a name or an EndpointSlice leads to a process of the machine, and not to the admin API', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-external-'));
  const file = join(folder, 'gateway.yaml');
  writeFileSync(file, GATEWAY);
  const own = await listen();
  const { port } = own.address() as AddressInfo;
  const sluice = await startSluice({ paths: [folder] });
  t.after(async () => {
    await sluice.stop();
    own.close();
    rmSync(folder, { recursive: true });
  });
  const admin = Number(new URL(sluice.admin).port);
  const forbidden = {
    lo: named('lo', 'localhost', admin),
    dec: named('dec', '127.0.0.1', admin),
    slice: listed('slice', '127.0.0.1', admin),
    link: named('link', '169.254.169.254', 80),
    check: `${named('check', 'localhost', port)}---
apiVersion: gateway.sluice.dev/v1alpha1
kind: BackendPolicy
metadata: { name: check, namespace: default }
spec:
  targetRefs: [{ group: "", kind: Service, name: check }]
  healthCheck: { active: { type: HTTP, port: ${String(admin)}, http: { path: /config } } }
`,
  };
  writeFileSync(
    file,
    [
      GATEWAY,
      named('mine', 'localhost', port),
      listed('mine2', '127.0.0.1', port),
      ...Object.values(forbidden),
    ].join(''),
  );
  await sluice.untilServed(({ gateways }) => gateways[0]?.listeners[0]?.attachedRoutes === 7);
  for (const host of ['mine', 'mine2']) {
    const answer = await send({ port: sluice.port(80), host: `${host}.test` });
    assert.deepEqual([answer.status, answer.body], [200, 'own process'], host);
  }
  for (const host of Object.keys(forbidden)) {
    const answer = await send({ port: sluice.port(80), path: '/config', host: `${host}.test` });
    assert.equal(answer.status, 503, `${host}: ${answer.body}`);
  }
  assert.match(
    sluice.output().stderr,
    /Service default\/lo.*gateway's own API.*addresses of a backend are not used/,
  );
});
