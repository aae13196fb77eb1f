/** RateLimitPolicies with several real workers: exact counts, a worker that is killed, a full table of keys, and what invalid policies close. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { StatusAnswer } from '../../src/admin/status-report.ts';
import { send } from '../support/http-client.ts';
import { startSluice, type SluiceProcess } from '../support/sluice-process.ts';

const WORKERS = 3;

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
  listeners: [{ name: http, port: 80, protocol: HTTP }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: web }
spec:
  parentRefs: [{ name: gw }]
  rules:
    - name: slow
      matches: [{ path: { value: /slow } }]
      backendRefs: [{ name: api, port: 80 }]
    - name: rest
      backendRefs: [{ name: api, port: 80 }]
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

const GATEWAY = '{ group: gateway.networking.k8s.io, kind: Gateway, name: gw }';
const SLOW = '{ group: gateway.networking.k8s.io, kind: HTTPRoute, name: web, sectionName: slow }';

const policy = (name: string, target: string, spec: string): string => `
apiVersion: gateway.sluice.dev/v1alpha1
kind: RateLimitPolicy
metadata: { name: ${name} }
spec:
  targetRefs: [${target}]
  ${spec}
`;

interface Lab {
  readonly sluice: SluiceProcess;
  /** Responses of the backend that `/slow` waits for. */
  readonly held: ServerResponse[];
  readonly write: (file: string, text: string) => void;
  /** Statuses of requests that are sent together, each on a connection of its own. */
  readonly burst: (count: number, headers?: (index: number) => Record<string, string>) => Promise<number[]>;
}

async function start(t: TestContext, policies: string): Promise<Lab> {
  const held: ServerResponse[] = [];
  const server = createServer((request, response) => {
    if (request.url === '/slow') held.push(response);
    else response.end('ok');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const folder = mkdtempSync(join(tmpdir(), 'sluice-e2e-'));
  const write = (file: string, text: string): void => {
    writeFileSync(join(folder, file), text);
  };
  write('base.yaml', base((server.address() as AddressInfo).port));
  write('policies.yaml', policies);
  const args = ['--all-classes', '--trusted-cidrs', '127.0.0.0/8'];
  const sluice = await startSluice({ paths: [folder], args, workers: WORKERS });
  t.after(async () => {
    for (const response of held) response.end();
    await sluice.stop();
    server.close();
    server.closeAllConnections();
    rmSync(folder, { recursive: true });
  });
  const burst: Lab['burst'] = (count, headers = () => ({})) =>
    Promise.all(
      Array.from({ length: count }, async (_, index) => {
        const { status } = await send({ port: sluice.port(80), headers: headers(index) });
        return status;
      }),
    );
  return { sluice, held, write, burst };
}

const tally = (statuses: readonly number[]): Record<string, number> =>
  Object.fromEntries(
    Object.entries(Object.groupBy(statuses, String)).map(([status, list]) => [status, list?.length ?? 0]),
  );

async function metric(sluice: SluiceProcess, name: string): Promise<readonly string[]> {
  const text = await (await fetch(`${sluice.admin}/metrics`)).text();
  return text.split('\n').filter((line) => line.startsWith(`${name}{`));
}

test('a burst gets exactly what the limit allows, whichever workers it reaches', async (t) => {
  const limits = 'limits: [{ name: per-client, requests: 25, period: 1h, key: [{ clientIP: {} }] }]';
  const { burst, sluice } = await start(t, policy('limits', GATEWAY, limits));
  assert.deepEqual(tally(await burst(60)), { 200: 25, 429: 35 });
  const other = () => ({ 'x-forwarded-for': '192.0.2.7' });
  assert.deepEqual(tally(await burst(40, other)), { 200: 25, 429: 15 }, 'another client');
  assert.deepEqual(await metric(sluice, 'sluice_rate_limit_keys'), [
    'sluice_rate_limit_keys{gateway_namespace="default",gateway_name="gw",policy="default/limits",limit="per-client"} 2',
  ]);
  const refusals = await metric(sluice, 'sluice_policy_refusals_total');
  assert.equal(refusals.length, 1);
  assert.match(refusals[0] ?? '', /policy_rule="per-client",reason="rate_limited",mode="enforce"\} 50$/);
});

test('so many requests in flight in all workers together, and none is lost when a worker is killed', async (t) => {
  const limits = 'limits: [{ name: parallel, inFlight: 9, key: [] }]';
  const { sluice, held } = await start(t, policy('limits', SLOW, limits));
  const port = sluice.port(80);
  const sent = Array.from({ length: 20 }, () =>
    send({ port, path: '/slow' }).then(
      ({ status }) => status,
      () => 0,
    ),
  );
  const refused: number[] = [];
  for (const one of sent) void one.then((status) => refused.push(status));
  await t.waitFor(() => {
    assert.equal(held.length, 9);
    assert.deepEqual(tally(refused), { 429: 11 });
  });
  const stillOpen = (): number => held.filter((response) => !response.destroyed && !response.closed).length;
  const { workers } = await sluice.status();
  // The system may have given all connections to one worker.
  for (const pid of workers.pids) {
    if (stillOpen() < 9) break;
    process.kill(pid, 'SIGKILL');
    await sluice.until((status) => status.workers.serving === WORKERS && !status.workers.pids.includes(pid));
  }
  const open = stillOpen();
  assert.ok(open < 9, 'a worker had some of the requests');
  // What the dead worker had is free; what the others have is not.
  const again = Array.from({ length: 20 }, () => send({ port, path: '/slow' }).then(({ status }) => status));
  const after: number[] = [];
  for (const one of again) void one.then((status) => after.push(status));
  await t.waitFor(() => {
    assert.deepEqual(tally(after), { 429: 20 - (9 - open) });
  });
  for (const response of held) response.end();
  await Promise.all(again);
  assert.deepEqual(tally(after), { 429: 20 - (9 - open), 200: 9 - open });
});

test('an invalid policy closes its target, and its last valid version stays', async (t) => {
  const limit = (cidr: string): string =>
    `limits: [{ name: all, requests: 5, period: 1h, key: [], match: { notCIDRs: [${cidr}] } }]`;
  const { burst, sluice, write } = await start(t, policy('limits', GATEWAY, limit('10.0.0.0/33')));
  assert.deepEqual(tally(await burst(3)), { 500: 3 });
  const { others } = await sluice.status();
  const conditions = others.find(({ name }) => name === 'limits')?.conditions ?? [];
  assert.deepEqual(
    conditions.map(({ type, status }) => `${type}=${status}`),
    ['Accepted=False', 'Programmed=False', 'ResolvedRefs=True'],
  );
  write('policies.yaml', policy('limits', GATEWAY, limit('10.0.0.0/8')));
  await sluice.untilServed((status) =>
    status.others.some(
      ({ name, conditions: all }) =>
        name === 'limits' && all.some(({ type, status: value }) => type === 'Accepted' && value === 'True'),
    ),
  );
  assert.deepEqual(tally(await burst(8)), { 200: 5, 429: 3 });
  write('policies.yaml', policy('limits', GATEWAY, 'limits: [{ name: all, requests: 0 }]'));
  await sluice.until(({ findings }) =>
    findings.some(({ object, severity }) => severity === 'error' && object?.includes('limits') === true),
  );
  assert.deepEqual(tally(await burst(3)), { 429: 3 });
});

test('more requests per minute and another key apply without a restart', async (t) => {
  const limits = (requests: number, key: string): string =>
    policy(
      'limits',
      GATEWAY,
      `limits: [{ name: all, requests: ${String(requests)}, period: 1h, key: [${key}] }]`,
    );
  const { burst, write, sluice } = await start(t, limits(2, ''));
  assert.deepEqual(tally(await burst(4)), { 200: 2, 429: 2 });
  const generationOf = ({ others }: StatusAnswer): number =>
    others.find(({ name }) => name === 'limits')?.generation ?? 0;
  const before = generationOf(await sluice.status());
  write('policies.yaml', limits(2, '{ header: x-tenant }'));
  await sluice.untilServed((status) => generationOf(status) > before);
  const statuses = await burst(6, (index) => ({ 'x-tenant': String(index % 2) }));
  assert.deepEqual(tally(statuses), { 200: 4, 429: 2 });
});

test('more keys than the table holds: the oldest make room, and are counted', async (t) => {
  const limits = `maxKeys: 100
  limits: [{ name: tenants, requests: 1, period: 1h, key: [{ header: x-tenant }] }]`;
  const { burst, sluice } = await start(t, policy('limits', GATEWAY, limits));
  for (let round = 0; round < 5; round++) {
    const statuses = await burst(100, (index) => ({ 'x-tenant': `${String(round)}-${String(index)}` }));
    assert.deepEqual(tally(statuses), { 200: 100 });
  }
  assert.deepEqual(tally(await burst(50, (index) => ({ 'x-tenant': `4-${String(index + 50)}` }))), {
    429: 50,
  });
  const valueOf = (lines: readonly string[]): number => Number(lines[0]?.split(' ').at(-1));
  assert.equal(valueOf(await metric(sluice, 'sluice_rate_limit_keys')), 100);
  assert.equal(valueOf(await metric(sluice, 'sluice_rate_limit_evicted_keys_total')), 400);
});
