/** BackendPolicies from file to traffic: attached to a listener and to a Service, changed while requests flow, and explained. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { send } from '../support/http-client.ts';
import { startSluice, type SluiceProcess } from '../support/sluice-process.ts';

const PUBLIC = 80;
const INTERNAL = 8080;

const base = (port: number): string => `
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: sluice }
spec: { controllerName: sluice.dev/gateway-controller }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: gw }
spec:
  gatewayClassName: sluice
  listeners:
    - { name: public, port: ${String(PUBLIC)}, protocol: HTTP }
    - { name: internal, port: ${String(INTERNAL)}, protocol: HTTP }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: web }
spec:
  parentRefs: [{ name: gw }]
  rules: [{ backendRefs: [{ name: api, port: 80 }] }]
---
apiVersion: v1
kind: Service
metadata: { name: api }
spec: { ports: [{ name: http, port: 80 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: api-1, labels: { kubernetes.io/service-name: api } }
addressType: IPv4
ports: [{ name: http, port: ${String(port)} }]
endpoints: [{ addresses: [127.0.0.1] }]
`;

const policy = (name: string, target: string, spec: string): string => `
apiVersion: gateway.sluice.dev/v1alpha1
kind: BackendPolicy
metadata: { name: ${name} }
spec:
  targetRefs: [${target}]
  ${spec}
`;

const LISTENER = '{ group: gateway.networking.k8s.io, kind: Gateway, name: gw, sectionName: public }';
const SERVICE = '{ group: "", kind: Service, name: api }';

/** Answers 503 to every other request, the first one included. */
async function flappingBackend(t: TestContext): Promise<number> {
  let count = 0;
  const server = createServer((request, response) => {
    count += 1;
    response.writeHead(count % 2 === 1 ? 503 : 200);
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

async function statuses(port: number): Promise<number[]> {
  const list: number[] = [];
  for (let count = 0; count < 4; count += 1) list.push((await send({ port })).status);
  return list;
}

const conditions = (sluice: SluiceProcess, name: string): Promise<string> =>
  sluice
    .until(({ others }) => others.some((other) => other.kind === 'BackendPolicy' && other.name === name))
    .then(({ others }) => {
      const found = others.find((other) => other.kind === 'BackendPolicy' && other.name === name);
      return (found?.conditions ?? []).map(({ status, reason }) => `${reason}=${status}`).join(' ');
    });

test('retries of a listener hold there alone, until a Service says otherwise', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-e2e-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  writeFileSync(join(folder, 'base.yaml'), base(await flappingBackend(t)));
  writeFileSync(
    join(folder, 'listener.yaml'),
    policy('public', LISTENER, 'retry: { codes: [503], backoff: 1ms }'),
  );
  const sluice = await startSluice({ paths: [folder], args: ['--all-classes'] });
  t.after(() => sluice.stop());

  assert.deepEqual(await statuses(sluice.port(PUBLIC)), [200, 200, 200, 200]);
  assert.deepEqual(await statuses(sluice.port(INTERNAL)), [503, 200, 503, 200]);
  assert.equal(await conditions(sluice, 'public'), 'Accepted=True Programmed=True ResolvedRefs=True');

  writeFileSync(
    join(folder, 'service.yaml'),
    policy('service', SERVICE, 'retry: { attempts: 0, codes: [503], backoff: 1ms }'),
  );
  await sluice.untilServed(({ others }) =>
    others.some(
      (other) => other.name === 'public' && other.conditions.some(({ reason }) => reason === 'Overridden'),
    ),
  );
  assert.deepEqual(await statuses(sluice.port(PUBLIC)), [503, 200, 503, 200]);

  const response = await fetch(`${sluice.admin}/explain?request=GET+http://a.example/`);
  const [explanation] = (await response.json()) as {
    readonly backends: readonly {
      readonly settings: readonly {
        readonly field: string;
        readonly value: string;
        readonly from: object | null;
      }[];
    }[];
  }[];
  const attempts = explanation?.backends[0]?.settings.find(({ field }) => field === 'retry.attempts');
  assert.deepEqual(attempts, {
    field: 'retry.attempts',
    value: '0',
    from: { kind: 'BackendPolicy', namespace: 'default', name: 'service' },
  });
});
