/** What of a client's session is believed, and what it is given (GEP-1619). */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { describe, test, type TestContext } from 'node:test';
import { connect } from 'node:tls';
import { asCertificate, mint } from '../../../test/support/certificates.ts';
import { testBackend, testConfig } from '../../../test/support/gateway-config.ts';
import { ScriptedBackend, answering } from '../../../test/support/scripted-backend.ts';
import { TestProxy } from '../../../test/support/test-proxy.ts';
import { listenerTls } from '../../../test/support/tls-listener.ts';
import { clusterId } from '../../ir/ids.ts';
import type { SessionPersistence } from '../../ir/policy.ts';
import { SessionTokens, type SessionEndpoint } from '../upstream/session-tokens.ts';

const SECRET = Buffer.alloc(32, 7);
const COOKIE: SessionPersistence = {
  kind: 'cookie',
  name: 'sid',
  absoluteTimeoutMs: 60_000,
  cookieLifetime: 'session',
  cookiePath: '/',
};

interface Scene {
  readonly proxy: TestProxy;
  /** The name of the backend that answered, and the cookie that the answer set. */
  readonly visit: (
    fields?: string,
    proxy?: TestProxy,
  ) => Promise<{ name: string; cookie: string | undefined }>;
  /** Another proxy of the same Gateway, with another secret when one is given. */
  readonly another: (secret?: Buffer) => Promise<TestProxy>;
  readonly ports: Readonly<Record<string, number>>;
  /** What an endpoint of a backend is to `SessionTokens`. */
  readonly endpoint: (name: string) => SessionEndpoint;
}

async function scene(t: TestContext, weights: Readonly<Record<string, number>>): Promise<Scene> {
  const names = Object.keys(weights);
  const backends = await Promise.all(names.map((name) => ScriptedBackend.start(answering(name))));
  const ports = Object.fromEntries(names.map((name, at) => [name, backends[at]?.port ?? 0]));
  const config = testConfig({
    rules: [
      {
        backends: names.map((name) => testBackend(name, { weight: weights[name] ?? 1 })),
        sessionPersistence: COOKIE,
      },
    ],
    endpoints: Object.fromEntries(names.map((name) => [name, [ports[name] ?? 0]])),
    settings: { trustedCidrs: ['127.0.0.0/8'] },
  });
  const another = async (secret: Buffer = SECRET): Promise<TestProxy> => {
    const started = await TestProxy.start(config, {}, { sessionSecret: secret });
    t.after(() => started.stop());
    return started;
  };
  t.after(() => Promise.all(backends.map((backend) => backend.stop())));
  const proxy = await another();
  const visit: Scene['visit'] = async (fields = '', at = proxy) => {
    const client = await at.connect();
    client.send(`GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n${fields}\r\n`);
    const { body, header } = await client.readResponse().then((response) => ({
      body: response.body,
      header: response.header('set-cookie'),
    }));
    return { name: body, cookie: header };
  };
  const endpoint: Scene['endpoint'] = (name) => ({
    cluster: clusterId(name),
    name: `127.0.0.1:${String(ports[name])}`,
  });
  return { proxy, visit, another, ports, endpoint };
}

const pair = (cookie: string | undefined): string => cookie?.split(';')[0] ?? '';

describe('session cookies', () => {
  test('are Secure where the client uses TLS, and HttpOnly always', async (t) => {
    const { visit } = await scene(t, { a: 1 });
    const clear = (await visit()).cookie ?? '';
    assert.match(clear, /^sid=[^;]+; Path=\/; HttpOnly; SameSite=Lax$/);
    const behindTls = (await visit('X-Forwarded-Proto: https\r\n')).cookie ?? '';
    assert.match(behindTls, /^sid=[^;]+; Path=\/; Secure; HttpOnly; SameSite=Lax$/);
  });

  test('are Secure on a listener that terminates TLS', async (t) => {
    const certificate = asCertificate('a', await mint(['a.example']));
    const backend = await ScriptedBackend.start(answering('a'));
    const config = testConfig({
      rules: [{ backends: [testBackend('a')], sessionPersistence: COOKIE }],
      endpoints: { a: [backend.port] },
    });
    const ports = config.ports.map((port) => ({
      ...port,
      listeners: port.listeners.map((listener) => ({ ...listener, tls: listenerTls([certificate]) })),
    }));
    const proxy = await TestProxy.start({ ...config, ports, certificates: [certificate] });
    t.after(async () => {
      await proxy.stop();
      await backend.stop();
    });
    const socket = connect({
      port: proxy.port,
      host: '127.0.0.1',
      servername: 'a.example',
      rejectUnauthorized: false,
    });
    socket.end('GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n');
    assert.match(await text(socket), /set-cookie: sid=[^;]+; Path=\/; Secure; HttpOnly; SameSite=Lax/);
  });

  test('hold at every proxy with the same secret, and at no other', async (t) => {
    const { visit, another } = await scene(t, { a: 1, b: 1, c: 1 });
    const { name, cookie } = await visit();
    const replica = await another();
    for (let count = 0; count < 6; count++) {
      assert.deepEqual(await visit(`Cookie: ${pair(cookie)}\r\n`, replica), { name, cookie: undefined });
    }
    const stranger = await another(Buffer.alloc(32, 8));
    assert.notEqual((await visit(`Cookie: ${pair(cookie)}\r\n`, stranger)).cookie, undefined);
  });

  test('of the name are all looked at: the backend may have one for another path', async (t) => {
    const { visit } = await scene(t, { a: 1, b: 1, c: 1 });
    const { name, cookie } = await visit();
    const fields = [
      `Cookie: sid=of-the-backend; ${pair(cookie)}\r\n`,
      `Cookie: sid=; sid=x; x=y; ${pair(cookie)}; sid=z\r\n`,
      `Cookie: sid=of-the-backend\r\nCookie: ${pair(cookie)}\r\n`,
    ];
    for (const field of fields) assert.deepEqual(await visit(field), { name, cookie: undefined }, field);
  });

  test('that are made up from public facts, changed, or of another rule begin a new session', async (t) => {
    const { visit, ports, endpoint } = await scene(t, { a: 1, z: 0 });
    const { cookie } = await visit();
    const [token = '', began = '', mac = ''] = pair(cookie).slice('sid='.length).split('.');
    const hash = createHash('sha256')
      .update(`z 127.0.0.1:${String(ports['z'])}`)
      .digest();
    const guessed = hash.subarray(0, 12).toString('base64url');
    const keyed = new SessionTokens(SECRET).issue('other', endpoint('a'), Date.now());
    const forged = [
      `${guessed}.${began}`,
      `${guessed}.${began}.${mac}`,
      `${token}.${(parseInt(began, 36) + 1).toString(36)}.${mac}`,
      `${token}.${began}`,
      `${token}.${began}.${'A'.repeat(22)}`,
      keyed,
    ];
    for (const value of forged) {
      const answered = await visit(`Cookie: sid=${value}\r\n`);
      assert.equal(answered.name, 'a', value);
      assert.notEqual(answered.cookie, undefined, value);
    }
  });

  test('keep what a backend has that gets no new sessions any more (weight 0), until they expire', async (t) => {
    const { visit, endpoint } = await scene(t, { a: 1, z: 0 });
    const tokens = new SessionTokens(SECRET);
    const kept = tokens.issue('sid', endpoint('z'), Date.now() - 30_000);
    assert.deepEqual(await visit(`Cookie: sid=${kept}\r\n`), { name: 'z', cookie: undefined });
    const expired = tokens.issue('sid', endpoint('z'), Date.now() - 61_000);
    const fromTheFuture = tokens.issue('sid', endpoint('z'), Date.now() + 3_600_000);
    for (const value of [expired, fromTheFuture]) {
      assert.equal((await visit(`Cookie: sid=${value}\r\n`)).name, 'a');
    }
  });
});
