/** Thousands of listeners on one Gateway, from ListenerSets of tenants: each serves, and a bad one does not affect the others. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { send } from '../support/http-client.ts';
import { startSluice } from '../support/sluice-process.ts';

const SETS = 40;
/** As many as the API allows in one object. */
const LISTENERS = 64;

const GATEWAY = `
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: sluice }
spec: { controllerName: sluice.dev/gateway-controller }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: web, namespace: default }
spec:
  gatewayClassName: sluice
  allowedListeners: { namespaces: { from: Same } }
  listeners:
    - { name: own, protocol: HTTP, port: 80, hostname: own.example }
---
apiVersion: v1
kind: Service
metadata: { name: shop, namespace: default }
spec: { ports: [{ port: 80 }] }
`;

function tenant(set: number): string {
  const listeners = Array.from(
    { length: LISTENERS },
    (_, index) =>
      `    - { name: l${String(index)}, protocol: HTTP, port: 80, hostname: h${String(index)}.t${String(set)}.example }`,
  );
  return `
apiVersion: gateway.networking.k8s.io/v1
kind: ListenerSet
metadata: { name: t${String(set)}, namespace: default }
spec:
  parentRef: { name: web }
  listeners:
${listeners.join('\n')}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: t${String(set)}, namespace: default }
spec:
  parentRefs: [{ kind: ListenerSet, name: t${String(set)} }]
  rules: [{ backendRefs: [{ name: shop, port: 80 }] }]
`;
}

/** Takes a hostname that the first tenant has already, and one of its own. */
const GREEDY = `
apiVersion: gateway.networking.k8s.io/v1
kind: ListenerSet
metadata: { name: z-greedy, namespace: default }
spec:
  parentRef: { name: web }
  listeners:
    - { name: taken, protocol: HTTP, port: 80, hostname: h0.t0.example }
    - { name: own, protocol: HTTP, port: 80, hostname: greedy.example }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: z-greedy, namespace: default }
spec:
  parentRefs: [{ kind: ListenerSet, name: z-greedy }]
  rules: [{ backendRefs: [{ name: greedy, port: 80 }] }]
---
apiVersion: v1
kind: Service
metadata: { name: greedy, namespace: default }
spec: { ports: [{ port: 80 }] }
`;

test('thousands of listeners of ListenerSets share a Gateway', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-sets-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  writeFileSync(join(folder, '0.yaml'), GATEWAY);
  for (let set = 0; set < SETS; set++) writeFileSync(join(folder, `t${String(set)}.yaml`), tenant(set));
  writeFileSync(join(folder, 'z.yaml'), GREEDY);
  const sluice = await startSluice({ paths: [folder], args: ['--echo'] });
  t.after(() => sluice.stop());
  const port = sluice.port(80);
  const backendOf = async (host: string): Promise<string> => {
    const { status, body } = await send({ port, host });
    return status === 200 ? (JSON.parse(body) as { readonly name: string }).name : String(status);
  };
  for (let set = 0; set < SETS; set++) {
    for (const index of [0, LISTENERS - 1]) {
      const host = `h${String(index)}.t${String(set)}.example`;
      assert.equal(await backendOf(host), 'default/shop', host);
    }
  }
  assert.equal(await backendOf(`h${String(LISTENERS)}.t0.example`), '404');
  assert.equal(await backendOf('greedy.example'), 'default/greedy');
});
