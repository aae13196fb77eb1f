/** AuthPolicy in the whole gateway: several workers, one supervisor that fetches keys and hashes passwords for them, and no secret to be seen. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { basicField } from '../support/auth-policy.ts';
import { send, type Answer } from '../support/http-client.ts';
import { KeyServer } from '../support/key-server.ts';
import { spawnSluice, startSluice, type SluiceProcess } from '../support/sluice-process.ts';
import { jwksOf, signingKey, signToken } from '../support/token-issuer.ts';

const KEY = signingKey('ES256', 'one');
const PASSWORD = 'correct-horse';
/** Of `PASSWORD`, as `htpasswd -s` writes it. */
const HASH = '{SHA}NstYn3QVe0WBGmkMWLQ0CV9I6fo=';
const API_KEY = 'battery-staple-key';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

const manifests = (uri: string): string => `apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: sluice }
spec: { controllerName: sluice.dev/gateway-controller }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: web, namespace: default }
spec: { gatewayClassName: sluice, listeners: [{ name: http, port: 80, protocol: HTTP }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: shop, namespace: default }
spec: { parentRefs: [{ name: web }], rules: [{ name: all, backendRefs: [{ name: shop, port: 80 }] }] }
---
apiVersion: v1
kind: Service
metadata: { name: shop, namespace: default }
spec: { ports: [{ port: 80 }] }
---
apiVersion: gateway.sluice.dev/v1alpha1
kind: AuthPolicy
metadata: { name: any, namespace: default }
spec:
  targetRefs: [{ group: gateway.networking.k8s.io, kind: Gateway, name: web }]
  anyOf:
    - jwt: { issuer: id, audiences: [shop], jwks: { uri: '${uri}' } }
    - basic: { secretRef: { name: users } }
    - apiKey: { secretRef: { name: keys } }
---
apiVersion: v1
kind: Secret
metadata: { name: users, namespace: default }
data: { auth: ${base64(`ada:${HASH}\n`)} }
---
apiVersion: v1
kind: Secret
metadata: { name: keys, namespace: default }
data: { app: ${base64(API_KEY)} }
`;

interface Scene {
  readonly keys: KeyServer;
  readonly sluice: SluiceProcess;
  readonly folder: string;
  readonly ask: (headers: Readonly<Record<string, string>>) => Promise<Answer>;
}

/** Three workers; every request has a connection of its own, so that each of them gets some. */
async function serve(t: TestContext): Promise<Scene> {
  const keys = await KeyServer.start(jwksOf(KEY));
  const folder = mkdtempSync(join(tmpdir(), 'sluice-auth-'));
  writeFileSync(join(folder, 'all.yaml'), manifests(keys.uri));
  const sluice = await startSluice({ paths: [folder], args: ['--echo'], workers: 3 });
  t.after(async () => {
    await sluice.stop();
    await keys.stop();
    rmSync(folder, { recursive: true });
  });
  return { keys, sluice, folder, ask: (headers) => send({ port: sluice.port(80), headers }) };
}

const token = (jti: number, key = KEY): Record<string, string> => ({
  authorization: `Bearer ${signToken(key, { iss: 'id', aud: 'shop', sub: 'ada', jti, exp: Date.now() / 1_000 + 300 })}`,
});

const times = <Value>(count: number, make: (index: number) => Value): Value[] =>
  Array.from({ length: count }, (_, index) => make(index));

const statuses = async (answers: readonly Promise<Answer>[]): Promise<Record<number, number>> => {
  const counts: Record<number, number> = {};
  for (const { status } of await Promise.all(answers)) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
};

test('keys are fetched once for all workers, and a rotation refuses no valid token', async (t) => {
  const { keys, ask } = await serve(t);
  assert.deepEqual(await statuses(times(60, (index) => ask(token(index)))), { 200: 60 });
  assert.equal(keys.fetches, 1);
  const next = signingKey('ES256', 'two');
  keys.jwks = jwksOf(KEY, next);
  const mixed = times(120, (index) => ask(token(index, index % 2 === 0 ? KEY : next)));
  assert.deepEqual(await statuses(mixed), { 200: 120 });
  assert.equal(keys.fetches, 2);
});

test('a worker that starts later has the keys at once, also when the provider is away', async (t) => {
  const { keys, ask, sluice } = await serve(t);
  assert.equal((await ask(token(0))).status, 200);
  await keys.stop();
  t.mock.method(keys, 'stop', () => Promise.resolve());
  const { workers } = await sluice.status();
  for (const pid of workers.pids) process.kill(pid, 'SIGKILL');
  await sluice.until(
    ({ workers: now }) => now.serving >= now.expected && now.pids.every((pid) => !workers.pids.includes(pid)),
  );
  assert.deepEqual(await statuses(times(30, (index) => ask(token(index)))), { 200: 30 });
});

test('failed passwords count once for all workers', async (t) => {
  const { ask } = await serve(t);
  const guess = (index: number): Promise<Answer> =>
    ask({ authorization: basicField('ada', `guess ${String(index)}`) });
  assert.deepEqual(await statuses(times(60, guess)), { 401: 10, 429: 50 });
  assert.equal((await ask({ 'x-api-key': API_KEY })).status, 200);
});

test('a password that one worker has checked is known to all, and still passes when its client is throttled', async (t) => {
  const { ask } = await serve(t);
  const ada = { authorization: basicField('ada', PASSWORD) };
  assert.equal((await ask(ada)).status, 200);
  await Promise.all(
    times(20, (index) => ask({ authorization: basicField('ada', `guess ${String(index)}`) })),
  );
  assert.deepEqual(await statuses(times(30, () => ask(ada))), { 200: 30 });
});

test('a Secret that goes away closes the route, and opens it again when it is back', async (t) => {
  const { ask, sluice, folder, keys } = await serve(t);
  const file = join(folder, 'all.yaml');
  const text = manifests(keys.uri);
  writeFileSync(file, text.replace('name: keys, namespace', 'name: moved, namespace'));
  await sluice.untilServed(({ findings }) => findings.some(({ code }) => code === 'auth-secret-not-found'));
  for (const headers of [{}, token(1), { 'x-api-key': API_KEY }]) {
    const { status, body } = await ask(headers);
    assert.equal(status, 500);
    assert.match(body, /^policy_invalid/);
  }
  writeFileSync(file, text);
  await sluice.untilServed(({ findings }) => findings.every(({ code }) => code !== 'auth-secret-not-found'));
  assert.equal((await ask({ 'x-api-key': API_KEY })).status, 200);
});

test('nothing shows a secret: configuration, API, log, explanations', async (t) => {
  const { ask, sluice, folder } = await serve(t);
  await ask({ authorization: basicField('ada', PASSWORD) });
  await ask({ authorization: basicField('ada', 'wrong-password') });
  await ask({ 'x-api-key': API_KEY });
  await ask(token(1));
  const shown: string[] = [];
  for (const path of [
    '/config',
    '/status',
    '/metrics',
    '/api/v1/policies',
    '/api/v1/routes',
    '/api/v1/gateways',
  ]) {
    shown.push(await (await fetch(`${sluice.admin}${path}`)).text());
  }
  for (const command of ['explain', 'check'] as const) {
    const request =
      command === 'explain' ? ['--request', 'GET http://shop.example/', '-o', 'json'] : ['-o', 'json'];
    const run = spawnSluice([command, folder, ...request]);
    await run.exited;
    shown.push(Object.values(run.output()).join('\n'));
  }
  shown.push(Object.values(sluice.output()).join('\n'));
  const secrets = [PASSWORD, 'wrong-password', HASH, API_KEY].flatMap((text) => [text, base64(text)]);
  for (const secret of [...secrets, basicField('ada', PASSWORD)]) {
    for (const text of shown) assert.ok(!text.includes(secret), `${secret} in ${text.slice(0, 200)}`);
  }
  assert.match(shown[0] ?? '', /\[redacted\]/);
});
