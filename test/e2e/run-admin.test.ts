/** What a running gateway tells about itself: admin API, access log, ports that cannot be had, `sluice status`. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { send } from '../support/http-client.ts';
import { mint } from '../support/certificates.ts';
import { SLUICE, startSluice, type SluiceOptions, type SluiceProcess } from '../support/sluice-process.ts';

async function start(t: TestContext, options: SluiceOptions): Promise<SluiceProcess> {
  const sluice = await startSluice(options);
  t.after(() => sluice.stop());
  return sluice;
}

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-e2e-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  return folder;
}

async function ask(sluice: SluiceProcess, path: string): Promise<{ status: number; body: string }> {
  const response = await fetch(`${sluice.admin}${path}`);
  return { status: response.status, body: await response.text() };
}

const quickstart = { paths: ['examples/quickstart'], args: ['--echo'] };

test('health, readiness, explanation and the configuration, over the admin API', async (t) => {
  const sluice = await start(t, quickstart);
  assert.deepEqual(await ask(sluice, '/healthz'), { status: 200, body: 'ok\n' });
  assert.deepEqual(await ask(sluice, '/readyz'), { status: 200, body: 'ready\n' });
  const explained = await ask(sluice, '/explain?request=GET+http://shop.example/api/x&header=x-a:+b');
  const [explanation] = JSON.parse(explained.body) as {
    readonly outcome: string;
    readonly rule: { readonly section: string };
    readonly backends: readonly { readonly endpoints: readonly object[] }[];
  }[];
  assert.equal(explanation?.outcome, 'forward');
  assert.equal(explanation.rule.section, 'api');
  assert.equal(
    explanation.backends[0]?.endpoints.length,
    1,
    'the echo backend is an endpoint like any other',
  );
  assert.equal((await ask(sluice, '/explain?request=nonsense')).status, 400);
});

test('a control loop that fails twice: not ready, in the status and in the metrics, until it works again', async (t) => {
  const folder = folderOf(t);
  const defect = join(folder, 'defect');
  const manifests = join(folder, 'manifests');
  cpSync('examples/quickstart', manifests, { recursive: true });
  const sluice = await start(t, {
    paths: [manifests],
    args: ['--echo'],
    env: {
      NODE_OPTIONS: `--import ${new URL('../support/planted-defect.ts', import.meta.url).href}`,
      SLUICE_TEST_DEFECT: defect,
    },
  });
  assert.deepEqual(await ask(sluice, '/readyz'), { status: 200, body: 'ready\n' });
  writeFileSync(defect, '');
  writeFileSync(join(manifests, 'more.yaml'), 'apiVersion: v1\nkind: Namespace\nmetadata: { name: more }\n');
  await sluice.until(({ reconciling }) => reconciling.consecutive >= 2);
  const { status, body } = await ask(sluice, '/readyz');
  assert.equal(status, 503);
  assert.match(body, /changes are not applied: .*a planted defect/);
  assert.match((await ask(sluice, '/metrics')).body, /^sluice_reconcile_failing [2-9]/m);
  const shown = await new Promise<{ code: unknown; text: string }>((resolve) => {
    const admin = new URL(sluice.admin).host;
    execFile(process.execPath, [SLUICE, 'status', '--admin', admin], (error, text) => {
      resolve({ code: error?.code, text });
    });
  });
  assert.equal(shown.code, 1);
  assert.match(shown.text, /not ready \(changes are not applied/);
  rmSync(defect);
  await sluice.until(({ ready, reconciling }) => ready && reconciling.error === null);
  assert.match((await ask(sluice, '/metrics')).body, /^sluice_reconcile_failing 0/m);
});

test('the configuration shows no key', async (t) => {
  const folder = folderOf(t);
  const { certificatePem, keyPem } = await mint(['shop.example']);
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  writeFileSync(
    join(folder, 'all.yaml'),
    `apiVersion: gateway.networking.k8s.io/v1
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
    - { name: https, protocol: HTTPS, port: 443, tls: { certificateRefs: [{ name: tls }] } }
---
apiVersion: v1
kind: Secret
metadata: { name: tls, namespace: default }
type: kubernetes.io/tls
data: { tls.crt: ${base64(certificatePem)}, tls.key: ${base64(keyPem)} }
`,
  );
  const sluice = await start(t, { paths: [folder] });
  const { body } = await ask(sluice, '/config');
  assert.match(body, /BEGIN CERTIFICATE/);
  assert.match(body, /\[redacted\]/);
  assert.doesNotMatch(body, /PRIVATE KEY/);
});

test('metrics count requests by rule, and no counter falls when a worker is replaced', async (t) => {
  const sluice = await start(t, { ...quickstart, workers: 2 });
  for (let count = 0; count < 10; count++) await send({ port: sluice.port(80), path: '/api/x' });
  const requests = async (): Promise<number> => {
    const { body } = await ask(sluice, '/metrics');
    const line = body
      .split('\n')
      .find((text) => text.startsWith('sluice_requests_total{') && text.includes('rule="api"'));
    return Number(line?.split(' ').at(-1) ?? 0);
  };
  assert.equal(await requests(), 10);
  const { body: scraped } = await ask(sluice, '/metrics');
  assert.match(scraped, /^sluice_request_duration_seconds_bucket\{.*rule="api".*le="\+Inf"\} 10$/m);
  assert.match(scraped, /^sluice_request_duration_seconds_count\{.*rule="api".*\} 10$/m);
  const { workers } = await sluice.status();
  process.kill(workers.pids[0] ?? 0, 'SIGKILL');
  await sluice.until(({ workers: now }) => now.restarts === 1 && now.serving === 2);
  assert.equal(await requests(), 10);
  assert.match((await ask(sluice, '/metrics')).body, /^sluice_worker_restarts_total 1$/m);
});

test('a port that is taken is a condition on its listener and a message, and the rest is served', async (t) => {
  const taken = createServer();
  taken.listen(0, '127.0.0.1');
  await once(taken, 'listening');
  t.after(() => {
    taken.close();
  });
  const { port } = taken.address() as { readonly port: number };
  const folder = folderOf(t);
  writeFileSync(
    join(folder, 'gateway.yaml'),
    `apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: web, namespace: default }
spec:
  gatewayClassName: any
  listeners:
    - { name: free, protocol: HTTP, port: 80 }
    - { name: taken, protocol: HTTP, port: 81 }
`,
  );
  const sluice = await start(t, { paths: [folder], args: ['--all-classes', `--map=81=${String(port)}`] });
  const { gateways } = await sluice.status();
  const listeners = new Map(gateways[0]?.listeners.map((listener) => [listener.name, listener]));
  const programmed = (name: string): string | undefined =>
    listeners.get(name)?.conditions.find(({ type }) => type === 'Programmed')?.status;
  assert.equal(programmed('free'), 'True');
  assert.equal(programmed('taken'), 'False');
  assert.equal((await send({ port: sluice.port(80) })).status, 404);
  await sluice.printed(new RegExp(`${String(port)}.*another process listens there`));
});

test('the access log is a line a request, and follows a rotation', async (t) => {
  const file = join(folderOf(t), 'access.log');
  const sluice = await start(t, { ...quickstart, args: [...quickstart.args, '--access-log', file] });
  await send({ port: sluice.port(80), path: '/api/first', host: 'shop.example' });
  const lines = async (path: string): Promise<Record<string, unknown>[]> => {
    for (;;) {
      const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
      if (text !== '')
        return text
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as Record<string, unknown>);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const [line] = await lines(file);
  assert.equal(line?.['path'], '/api/first');
  assert.equal(line['status'], 200);
  assert.equal(line['route'], 'HTTPRoute/default/shop');
  assert.equal(line['rule'], 'api');
  assert.equal(line['backend'], 'Service/default/api:http');

  renameSync(file, `${file}.1`);
  for (let tries = 0; !existsSync(file); tries++) {
    assert.ok(tries < 300, 'the log was opened again');
    await send({ port: sluice.port(80), path: '/api/second', host: 'shop.example' });
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.equal((await lines(file))[0]?.['path'], '/api/second');
});

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const runCli = (...args: string[]): Promise<Ran> =>
  new Promise((resolve) => {
    execFile(process.execPath, [SLUICE, ...args], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });

test('sluice status shows a table of objects, conditions and since when', async (t) => {
  const sluice = await start(t, quickstart);
  const address = sluice.admin.replace('http://', '');
  const { code, stdout } = await runCli('status', '--admin', address);
  assert.equal(code, 0, stdout);
  assert.match(stdout, /^sluice \S+, ready, up \w+, 1 of 1 workers serve the newest configuration$/m);
  assert.match(stdout, /^Gateway default\/web +\d+s +Accepted Programmed ResolvedRefs$/m);
  assert.match(stdout, /^HTTPRoute default\/shop +\d+s$/m);
  const json = await runCli('status', '--admin', address, '--output', 'json');
  assert.equal((JSON.parse(json.stdout) as { readonly ready: boolean }).ready, true);
});

test('sluice status without a gateway says how to start one', async () => {
  const { code, stderr } = await runCli('status', '--admin', '127.0.0.1:1');
  assert.equal(code, 2);
  assert.match(stderr, /no gateway responds on 127\.0\.0\.1:1 \(connection refused\)/);
  assert.match(stderr, /sluice run PATH/);
});

test('a backend without health checks: not checked, then healthy or out as connections to it go', async (t) => {
  const folder = folderOf(t);
  const alive = createServer((socket) => {
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  });
  const dead = createServer();
  const ports = await Promise.all(
    [alive, dead].map(async (server) => {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      return (server.address() as { readonly port: number }).port;
    }),
  );
  dead.close();
  t.after(() => {
    alive.close();
  });
  const backends = ['alive', 'dead'].map(
    (name, index) => `---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: ${name}, namespace: default }
spec:
  parentRefs: [{ name: web }]
  hostnames: [${name}.example]
  rules: [{ backendRefs: [{ name: ${name}, port: 80 }] }]
---
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: default }
spec: { ports: [{ port: 80 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: ${name}-1, namespace: default, labels: { kubernetes.io/service-name: ${name} } }
addressType: IPv4
endpoints: [{ addresses: [127.0.0.1] }]
ports: [{ port: ${String(ports[index])} }]
`,
  );
  writeFileSync(
    join(folder, 'all.yaml'),
    `apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: web, namespace: default }
spec: { gatewayClassName: any, listeners: [{ name: http, protocol: HTTP, port: 80 }] }
${backends.join('')}`,
  );
  const sluice = await start(t, { paths: [folder], args: ['--all-classes'] });
  const counts = (status: Awaited<ReturnType<SluiceProcess['status']>>): unknown =>
    status.backends.map(({ name, healthy, unchecked, out }) => ({
      name,
      healthy,
      unchecked,
      out: out.map(({ cause }) => cause),
    }));
  assert.deepEqual(counts(await sluice.status()), [
    { name: 'alive', healthy: 0, unchecked: 1, out: [] },
    { name: 'dead', healthy: 0, unchecked: 1, out: [] },
  ]);
  assert.equal((await send({ port: sluice.port(80), host: 'alive.example' })).status, 200);
  assert.equal((await send({ port: sluice.port(80), host: 'dead.example' })).status, 503);
  assert.deepEqual(counts(await sluice.status()), [
    { name: 'alive', healthy: 1, unchecked: 0, out: [] },
    { name: 'dead', healthy: 0, unchecked: 0, out: ['connect_failed'] },
  ]);
  const shown = await runCli('status', '--admin', sluice.admin.replace('http://', ''));
  assert.equal(shown.code, 1);
  assert.match(shown.stdout, /^Service default\/dead:80 +0 of 1$/m);
  assert.match(shown.stdout, /accepts no connection for \d+s: \d connection attempts? ?/);
});
