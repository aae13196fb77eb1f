/** `sluice run` as users meet it: started, edited under, wounded and ended, over real sockets. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import { connect } from 'node:tls';
import { parse } from 'yaml';
import { send } from '../support/http-client.ts';
import { closedPort } from '../support/tcp-peers.ts';
import { startSluice, type SluiceOptions, type SluiceProcess } from '../support/sluice-process.ts';

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
  listeners:
    - { name: http, protocol: HTTP, port: 80 }
---
apiVersion: v1
kind: Service
metadata: { name: one, namespace: default }
spec: { ports: [{ port: 8080 }] }
---
apiVersion: v1
kind: Service
metadata: { name: two, namespace: default }
spec: { ports: [{ port: 8080 }] }
`;

const route = (service: string): string => `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: all, namespace: default }
spec:
  parentRefs: [{ name: web }]
  rules:
    - backendRefs: [{ name: ${service}, port: 8080 }]
`;

function folderOf(t: TestContext, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-e2e-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

async function start(t: TestContext, options: SluiceOptions): Promise<SluiceProcess> {
  const sluice = await startSluice(options);
  t.after(() => sluice.stop());
  return sluice;
}

/** The name of the echo backend that answers. */
async function backendOf(sluice: SluiceProcess, path = '/'): Promise<string> {
  const { status, body } = await send({ port: sluice.port(80), path });
  assert.equal(status, 200, body);
  return (JSON.parse(body) as { readonly name: string }).name;
}

/** Sends until the backend that answers is the one wanted. */
async function untilBackend(sluice: SluiceProcess, wanted: string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if ((await backendOf(sluice)) === wanted) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail(`no answer came from ${wanted}`);
}

test('the quickstart is served, summarized, and ends cleanly', async (t) => {
  const sluice = await start(t, { paths: ['examples/quickstart'], args: ['--echo'], workers: 2 });
  const { status, body } = await send({ port: sluice.port(80), path: '/api/orders?id=1' });
  assert.equal(status, 200);
  const echoed = JSON.parse(body) as { readonly name: string; readonly path: string };
  assert.equal(echoed.name, 'default/api');
  assert.equal(echoed.path, '/orders?id=1', 'the prefix was replaced');
  await sluice.printed(/ready in \d+ ms/);
  const { stdout } = sluice.output();
  assert.match(
    stdout,
    /Gateway default\/web +http +http:\/\/127\.0\.0\.1:\d+ +any host +1 route +programmed/,
  );
  assert.match(stdout, /HTTPRoute default\/shop +shop\.example, localhost +4 rules +accepted/);
  assert.doesNotMatch(stdout, /\u001b/, 'no colors without a terminal');
  assert.deepEqual(await sluice.stop(), { code: 0, signal: null });
});

test('an edit is served; a broken edit is reported and keeps the last good version until it is fixed', async (t) => {
  const folder = folderOf(t, { 'gateway.yaml': GATEWAY, 'route.yaml': route('one') });
  const sluice = await start(t, { paths: [folder], args: ['--echo'] });
  assert.equal(await backendOf(sluice), 'default/one');

  writeFileSync(join(folder, 'route.yaml'), route('two'));
  await untilBackend(sluice, 'default/two');

  writeFileSync(join(folder, 'route.yaml'), route('one').replace('port: 8080', 'port: many'));
  await sluice.until(({ findings }) => findings.some(({ severity }) => severity === 'error'));
  assert.equal(await backendOf(sluice), 'default/two');
  await sluice.printed(/route\.yaml:8:\d+ .*port/);

  writeFileSync(join(folder, 'route.yaml'), route('one'));
  await untilBackend(sluice, 'default/one');
  await sluice.printed(/solved/);
});

test('a worker that is killed is replaced and the others serve on', async (t) => {
  const sluice = await start(t, { paths: ['examples/quickstart'], args: ['--echo'], workers: 2 });
  const { workers } = await sluice.status();
  const [victim = 0] = workers.pids;
  process.kill(victim, 'SIGKILL');
  const after = await sluice.until(
    ({ workers: now }) => now.restarts === 1 && now.serving === 2 && !now.pids.includes(victim),
  );
  assert.equal(after.workers.pids.length, 2);
  for (let requests = 0; requests < 20; requests++) await backendOf(sluice);
});

test('limits of the allocator are for the supervisor alone', async (t) => {
  const limits = { MALLOC_MMAP_THRESHOLD_: '16384', MALLOC_TRIM_THRESHOLD_: '131072' };
  const sluice = await start(t, { paths: ['examples/quickstart'], args: ['--echo'], env: limits });
  const [worker = 0] = (await sluice.status()).workers.pids;
  const environment = readFileSync(`/proc/${String(worker)}/environ`, 'latin1');
  assert.match(environment, /PATH=/);
  assert.doesNotMatch(environment, /MALLOC_/);
});

test('SIGTERM lets what is in flight finish and takes nothing new', async (t) => {
  const folder = folderOf(t, { 'gateway.yaml': GATEWAY, 'route.yaml': route('one') });
  const sluice = await start(t, { paths: [folder], args: ['--echo'] });
  const port = sluice.port(80);
  const response = await fetch(sluice.url(80, '/stream'));
  sluice.kill('SIGTERM');
  await sluice.printed(/draining/);
  await assert.rejects(async () => {
    for (;;) await send({ port });
  });
  const events = (await response.text()).trim().split('\n\n');
  assert.equal(events.length, 5, 'the whole stream came');
  assert.deepEqual(await sluice.exited, { code: 0, signal: null });
});

test('a second SIGTERM ends at once', async (t) => {
  const folder = folderOf(t, { 'gateway.yaml': GATEWAY, 'route.yaml': route('one') });
  const sluice = await start(t, { paths: [folder], args: ['--echo', '--drain', '600'] });
  const response = await fetch(sluice.url(80, '/stream'));
  sluice.kill('SIGTERM');
  await sluice.printed(/draining/);
  sluice.kill('SIGTERM');
  assert.equal((await sluice.exited).code, 143);
  await assert.rejects(response.text());
});

test('Ctrl-C that arrives twice, from the terminal and from npm, is one Ctrl-C', async (t) => {
  const folder = folderOf(t, { 'gateway.yaml': GATEWAY, 'route.yaml': route('one') });
  const sluice = await start(t, { paths: [folder], args: ['--echo'] });
  const response = await fetch(sluice.url(80, '/stream'));
  sluice.kill('SIGINT');
  await sluice.printed(/draining/);
  sluice.kill('SIGINT');
  assert.equal((await response.text()).trim().split('\n\n').length, 5, 'the whole stream came');
  assert.deepEqual(await sluice.exited, { code: 0, signal: null });
});

test('--echo stands in for a Service and a certificate that do not exist, and says so', async (t) => {
  const https = GATEWAY.replace(
    '- { name: http, protocol: HTTP, port: 80 }',
    '- { name: https, protocol: HTTPS, port: 443, hostname: shop.test, tls: { certificateRefs: [{ name: gone }] } }',
  );
  const folder = folderOf(t, { 'gateway.yaml': https, 'route.yaml': route('missing') });
  const sluice = await start(t, { paths: [folder], args: ['--echo'] });
  await sluice.printed(/--echo stands in for Services that do not exist: default\/missing/);
  await sluice.printed(
    /--echo stands in for Secrets that do not exist: default\/gone; certificates signed by/,
  );
  const socket = connect({
    port: sluice.port(443),
    host: '127.0.0.1',
    servername: 'shop.test',
    rejectUnauthorized: false,
  });
  await once(socket, 'secureConnect');
  assert.equal(socket.getPeerCertificate().subjectaltname, 'DNS:shop.test');
  socket.write('GET / HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n');
  const answer = await text(socket);
  assert.match(answer, /^HTTP\/1\.1 200 /);
  assert.match(answer, /"name": "default\/missing"/);
});

test('redirects under --map: the summary says that they name the port of the listener', async (t) => {
  const sluice = await start(t, { paths: ['examples/quickstart'], args: ['--echo'] });
  await sluice.printed(/redirects name the port of the listener, not the one that --map binds/);
  await sluice.printed(
    /^try: curl http:\/\/127\.0\.0\.1:\d+\/|^try: curl -H 'Host: shop\.example' http:\/\//m,
  );
});

test('a backend that does not answer is a line in the log', async (t) => {
  const port = await closedPort();
  const slice = `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: one-1, namespace: default, labels: { kubernetes.io/service-name: one } }
addressType: IPv4
endpoints: [{ addresses: [127.0.0.1] }]
ports: [{ port: ${String(port)} }]
`;
  const folder = folderOf(t, { 'gateway.yaml': GATEWAY, 'route.yaml': route('one'), 'slice.yaml': slice });
  const sluice = await start(t, { paths: [folder] });
  assert.equal((await send({ port: sluice.port(80) })).status, 503);
  await sluice.printed(
    /Service default\/one:8080: 1 request failed \(1 connect_failed: The gateway could not connect to any endpoint/,
  );
});

test('--status keeps the statuses of all objects in a file', async (t) => {
  const foreign =
    'status: { parents: [{ controllerName: example.com/other, parentRef: { name: x }, conditions: [] }] }\n';
  const folder = folderOf(t, { 'gateway.yaml': GATEWAY, 'route.yaml': route('one') + foreign });
  const elsewhere = folderOf(t, {});
  const file = join(elsewhere, 'status.yaml');
  const sluice = await start(t, { paths: [folder], args: ['--echo', '--status', file] });
  await sluice.stop();
  const list = parse(readFileSync(file, 'utf8')) as {
    readonly items: readonly {
      readonly apiVersion: string;
      readonly kind: string;
      readonly status: {
        readonly conditions?: readonly { readonly type: string; readonly status: string }[];
        readonly parents?: readonly { readonly controllerName: string }[];
      };
    }[];
  };
  const gateway = list.items.find(({ kind }) => kind === 'Gateway');
  assert.equal(gateway?.apiVersion, 'gateway.networking.k8s.io/v1');
  const programmed = gateway.status.conditions?.find(({ type }) => type === 'Programmed');
  assert.equal(programmed?.status, 'True');
  const parents = list.items.find(({ kind }) => kind === 'HTTPRoute')?.status.parents ?? [];
  assert.deepEqual(
    parents.map(({ controllerName }) => controllerName),
    ['example.com/other', 'sluice.dev/gateway-controller'],
    'what another controller wrote stays',
  );
});

const FORWARDED = { host: 'a.example', 'x-forwarded-for': '192.0.2.9' };

async function forwardedFor(sluice: SluiceProcess): Promise<unknown> {
  const { body } = await send({ port: sluice.port(80), headers: FORWARDED });
  return (JSON.parse(body) as { headers: Record<string, unknown> }).headers['x-forwarded-for'];
}

test('--trusted-cidrs says whose forwarding headers are believed; a ProxyConfig of the Gateway says otherwise, and sets limits', async (t) => {
  const config = `
apiVersion: gateway.sluice.dev/v1alpha1
kind: ProxyConfig
metadata: { name: edge, namespace: default }
spec: { proxy: { trustedCIDRs: [198.51.100.0/24] }, limits: { target: 300 } }
`;
  const folder = folderOf(t, { 'gateway.yaml': GATEWAY, 'route.yaml': route('one') });
  const sluice = await start(t, { paths: [folder], args: ['--echo', '--trusted-cidrs', '127.0.0.0/8'] });
  assert.equal(await forwardedFor(sluice), '192.0.2.9, 127.0.0.1');
  writeFileSync(join(folder, 'config.yaml'), config);
  const reference =
    'infrastructure: { parametersRef: { group: gateway.sluice.dev, kind: ProxyConfig, name: edge } }';
  writeFileSync(
    join(folder, 'gateway.yaml'),
    GATEWAY.replace('gatewayClassName: sluice', `$&\n  ${reference}`),
  );
  for (;;) if ((await forwardedFor(sluice)) === '127.0.0.1') break;
  const port = sluice.port(80);
  assert.equal((await send({ port, path: `/${'a'.repeat(300)}`, headers: FORWARDED })).status, 414);
});
