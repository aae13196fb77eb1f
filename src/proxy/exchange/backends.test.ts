/** Where requests go besides a backend, and which backend: weights, mirrors, sessions, auth servers. */
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import type { Filter } from '../../ir/filter.ts';
import { clusterId } from '../../ir/ids.ts';
import { testBackend, testConfig, type TestGateway } from '../../../test/support/gateway-config.ts';
import { ScriptedBackend, answering, type Script } from '../../../test/support/scripted-backend.ts';
import { TestProxy } from '../../../test/support/test-proxy.ts';

const get = (path: string, lines = ''): string => `GET ${path} HTTP/1.1\r\nHost: a.example\r\n${lines}\r\n`;
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

async function withBackends<Name extends string>(
  t: TestContext,
  scripts: Readonly<Record<Name, Script | null>>,
  gateway: Omit<TestGateway, 'endpoints'>,
): Promise<{ proxy: TestProxy; backends: Record<Name, ScriptedBackend> }> {
  const names = Object.keys(scripts) as Name[];
  const started = await Promise.all(names.map((name) => ScriptedBackend.start(scripts[name])));
  const backends = Object.fromEntries(names.map((name, index) => [name, started[index]])) as Record<
    Name,
    ScriptedBackend
  >;
  const endpoints = Object.fromEntries(names.map((name) => [name, [backends[name].port]]));
  const proxy = await TestProxy.start(testConfig({ ...gateway, endpoints }));
  t.after(async () => {
    await proxy.stop();
    for (const backend of started) await backend.stop();
  });
  return { proxy, backends };
}

describe('weights', () => {
  test('are exact over time, and an invalid backend answers its share', async (t) => {
    const invalid = {
      kind: 'invalid',
      weight: 1,
      status: 500,
      reason: 'invalid_ref',
      message: '',
      origin: { kind: 'Service', namespace: 'test', name: 'missing' },
    } as const;
    const { proxy } = await withBackends(
      t,
      { a: answering('a'), b: answering('b') },
      { rules: [{ backends: [testBackend('a', { weight: 3 }), testBackend('b', { weight: 1 }), invalid] }] },
    );
    const client = await proxy.connect();
    const counts: Record<string, number> = {};
    for (let count = 0; count < 50; count++) {
      client.send(get('/'));
      const { status, body } = await client.readResponse();
      const key = status === 200 ? body : String(status);
      counts[key] = (counts[key] ?? 0) + 1;
    }
    assert.deepEqual(counts, { a: 30, b: 10, 500: 10 });
  });

  test('no weight above 0: 500 no_backend', async (t) => {
    const { proxy } = await withBackends(
      t,
      { a: answering('a') },
      { rules: [{ backends: [testBackend('a', { weight: 0 })] }] },
    );
    const client = await proxy.connect();
    client.send(get('/'));
    assert.equal((await client.readResponse()).status, 500);
    assert.equal(proxy.records[0]?.reason, 'no_backend');
  });
});

describe('mirrors', () => {
  const mirrorTo = (cluster: string, numerator = 1, denominator = 1): Filter => ({
    kind: 'mirror',
    cluster: clusterId(cluster),
    origin: { kind: 'Service', namespace: 'test', name: cluster },
    numerator,
    denominator,
  });

  test('each gets a copy, body included; their answers go nowhere', async (t) => {
    const { proxy, backends } = await withBackends(
      t,
      { a: null, m1: null, m2: null },
      { rules: [{ backends: [testBackend('a')], filters: [mirrorTo('m1'), mirrorTo('m2')] }] },
    );
    const client = await proxy.connect();
    client.send('POST /x HTTP/1.1\r\nHost: a.example\r\nContent-Length: 4\r\n\r\nbo');
    client.send('dy');
    for (const name of ['m1', 'm2'] as const) {
      const mirror = await backends[name].connection();
      await mirror.waitFor('\r\n\r\nbody');
      assert.ok(mirror.received.startsWith('POST /x HTTP/1.1\r\n'));
      mirror.send('HTTP/1.1 500 Oops\r\ncontent-length: 4\r\n\r\nevil');
    }
    const main = await backends.a.connection();
    await main.waitFor('\r\n\r\nbody');
    main.send(OK);
    assert.equal((await client.readResponse()).body, 'ok');
    assert.equal(client.received, '');
    client.send(get('/'));
    await main.waitFor('GET /');
  });

  test('a mirror that is away, silent or slow costs the client nothing', async (t) => {
    const { proxy, backends } = await withBackends(
      t,
      {
        a: async (connection) => {
          const head = await connection.readThrough('\r\n\r\n');
          await connection.readBytes(Number(/content-length: (\d+)/i.exec(head)?.[1]));
          connection.send(OK);
        },
        slow: null,
      },
      { rules: [{ backends: [testBackend('a')], filters: [mirrorTo('slow'), mirrorTo('gone')] }] },
    );
    const client = await proxy.connect();
    const total = 6_000_000;
    client.send(`POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: ${total}\r\n\r\n`);
    const slow = await backends.slow.connection();
    slow.socket.pause();
    client.send(Buffer.alloc(total, 'x'));
    assert.equal((await client.readResponse()).body, 'ok');
    assert.equal(proxy.proxy.stats().mirrors.dropped, 1);
  });

  test('a fraction is exact', async (t) => {
    const { proxy, backends } = await withBackends(
      t,
      { a: answering('a'), m: answering('m') },
      { rules: [{ backends: [testBackend('a')], filters: [mirrorTo('m', 1, 4)] }] },
    );
    const client = await proxy.connect();
    for (let count = 0; count < 40; count++) {
      client.send(get('/'));
      await client.readResponse();
    }
    const { mirrors } = proxy.proxy.stats();
    assert.equal(mirrors.sent + backends.m.connections.filter(({ received }) => received !== '').length, 10);
  });
});

describe('session persistence', () => {
  const echoName = (name: string): Script => answering(name);

  for (const kind of ['cookie', 'header'] as const) {
    test(`by ${kind}: a client stays with its endpoint`, async (t) => {
      const session = {
        kind,
        name: 'Sess',
        absoluteTimeoutMs: 60_000,
        cookieLifetime: 'permanent',
        cookiePath: '/shop',
      } as const;
      const { proxy } = await withBackends(
        t,
        { a: echoName('a'), b: echoName('b'), c: echoName('c') },
        {
          rules: [
            { backends: ['a', 'b', 'c'].map((name) => testBackend(name)), sessionPersistence: session },
          ],
        },
      );
      const client = await proxy.connect();
      client.send(get('/'));
      const first = await client.readResponse();
      const given = first.header(kind === 'cookie' ? 'set-cookie' : 'sess') ?? '';
      if (kind === 'cookie')
        assert.match(given, /^Sess=[\w-]+\.\w+\.[\w-]+; Path=\/shop; Max-Age=60; HttpOnly; SameSite=Lax$/);
      const token = kind === 'cookie' ? (given.split(';')[0] ?? '') : given;
      assert.doesNotMatch(token, /127|localhost/);
      const field = kind === 'cookie' ? `Cookie: x=y; ${token}\r\n` : `Sess: ${token}\r\n`;
      for (let count = 0; count < 10; count++) {
        client.send(get('/', field));
        const response = await client.readResponse();
        assert.equal(response.body, first.body);
        assert.equal(response.header('set-cookie'), undefined);
      }
      client.send(get('/', field.replace(/[\w-]{16}\./, 'AAAAAAAAAAAAAAAA.')));
      const other = await client.readResponse();
      assert.ok(
        other.header(kind === 'cookie' ? 'set-cookie' : 'sess') !== undefined,
        'a stale session is replaced',
      );
    });
  }
});

describe('external auth', () => {
  const auth = (overrides: { readonly forwardBodyBytes?: number } = {}): Filter => ({
    kind: 'external-auth',
    cluster: clusterId('auth'),
    origin: { kind: 'Service', namespace: 'test', name: 'auth' },
    protocol: {
      kind: 'http',
      pathPrefix: '/check',
      allowedRequestHeaders: ['x-user'],
      allowedResponseHeaders: ['x-role'],
    },
    forwardBodyBytes: 0,
    ...overrides,
  });
  const REQUEST =
    'POST /x?q HTTP/1.1\r\nHost: a.example\r\nX-User: u\r\nX-Role: forged\r\nX-Other: o\r\nAuthorization: Basic x\r\nContent-Length: 4\r\n\r\nbody';

  test('asks first, and sends on what it is told, with the body that came meanwhile', async (t) => {
    const { proxy, backends } = await withBackends(
      t,
      { a: null, auth: null },
      { rules: [{ backends: [testBackend('a')], filters: [auth()] }] },
    );
    const client = await proxy.connect();
    client.send(REQUEST);
    const server = await backends.auth.connection();
    const question = await server.readThrough('\r\n\r\n');
    assert.ok(question.startsWith('POST /check/x?q HTTP/1.1\r\n'), question);
    assert.match(question, /^x-user: u\r$/im);
    assert.match(question, /^authorization: Basic x\r$/im);
    assert.match(question, /^content-length: 0\r$/im);
    assert.doesNotMatch(question, /x-other|x-role/i);
    assert.equal(backends.a.connections.length, 0, 'nothing goes to the backend before the verdict');
    server.send('HTTP/1.1 200 OK\r\nX-Role: admin\r\nX-Secret: 1\r\ncontent-length: 2\r\n\r\nok');
    const main = await backends.a.connection();
    await main.waitFor('\r\n\r\nbody');
    assert.deepEqual(main.received.match(/^x-role: .*$/gim), ['x-role: admin']);
    assert.match(main.received, /^X-Other: o\r$/m);
    assert.doesNotMatch(main.received, /x-secret/i);
    main.send(OK);
    assert.equal((await client.readResponse()).body, 'ok');
  });

  test('a refusal is passed on as it is', async (t) => {
    const { proxy, backends } = await withBackends(
      t,
      { a: null, auth: null },
      { rules: [{ backends: [testBackend('a')], filters: [auth()] }] },
    );
    const client = await proxy.connect();
    client.send(REQUEST);
    const server = await backends.auth.connection();
    await server.readThrough('\r\n\r\n');
    server.send('HTTP/1.1 401 Unauthorized\r\nwww-authenticate: Basic\r\ncontent-length: 2\r\n\r\nno');
    const response = await client.readResponse();
    assert.deepEqual(
      [response.status, response.header('www-authenticate'), response.body],
      [401, 'Basic', 'no'],
    );
    assert.equal(proxy.records[0]?.reason, 'auth_denied');
    assert.equal(backends.a.connections.length, 0);
  });

  test('no answer is a refusal', async (t) => {
    const { proxy, backends } = await withBackends(
      t,
      { a: null, auth: null },
      { rules: [{ backends: [testBackend('a')], filters: [auth()] }] },
    );
    const client = await proxy.connect();
    client.send(REQUEST);
    const server = await backends.auth.connection();
    await server.readThrough('\r\n\r\n');
    server.destroy();
    assert.equal((await client.readResponse()).status, 403);
    assert.equal(proxy.records[0]?.reason, 'auth_unavailable');
    assert.equal(backends.a.connections.length, 0);
  });

  test('the auth server sees a body that is no longer than it may be', async (t) => {
    const { proxy, backends } = await withBackends(
      t,
      { a: null, auth: null },
      { rules: [{ backends: [testBackend('a')], filters: [auth({ forwardBodyBytes: 4 })] }] },
    );
    const client = await proxy.connect();
    client.send(REQUEST);
    const server = await backends.auth.connection();
    await server.waitFor('\r\n\r\nbody');
    assert.match(server.received, /^content-length: 4\r$/im);
    server.send('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
    const main = await backends.a.connection();
    await main.waitFor('\r\n\r\nbody');
  });

  test('a longer body is refused without asking the auth server (HTTPExternalAuthFilter.forwardBody)', async (t) => {
    const { proxy, backends } = await withBackends(
      t,
      { a: null, auth: null },
      { rules: [{ backends: [testBackend('a')], filters: [auth({ forwardBodyBytes: 3 })] }] },
    );
    const client = await proxy.connect();
    client.send(REQUEST);
    assert.equal((await client.readResponse()).status, 413);
    assert.equal(proxy.records[0]?.reason, 'body_too_large');
    assert.deepEqual([backends.a.connections.length, backends.auth.connections.length], [0, 0]);
  });
});
