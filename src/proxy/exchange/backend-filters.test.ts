/** Filters of one backendRef that answer or ask: they act once that backend is chosen, and only then. */
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import type { Filter } from '../../ir/filter.ts';
import { clusterId } from '../../ir/ids.ts';
import type { WeightedBackend } from '../../ir/route.ts';
import { testBackend, testConfig } from '../../../test/support/gateway-config.ts';
import { answering, ScriptedBackend } from '../../../test/support/scripted-backend.ts';
import type { RawClient } from '../../../test/support/raw-client.ts';
import { TestProxy } from '../../../test/support/test-proxy.ts';

const CORS: Filter = {
  kind: 'cors',
  allowOrigins: ['https://shop.example'],
  allowCredentials: false,
  allowMethods: ['GET'],
  allowHeaders: [],
  exposeHeaders: [],
  maxAgeSeconds: 7,
};

const auth = (server: string): Filter => ({
  kind: 'external-auth',
  cluster: clusterId(server),
  origin: { kind: 'Service', namespace: 'test', name: server },
  protocol: { kind: 'http', pathPrefix: '', allowedRequestHeaders: [], allowedResponseHeaders: [] },
  forwardBodyBytes: 0,
});

const withFilters = (name: string, filters: readonly Filter[], weight = 1): WeightedBackend => {
  const backend = testBackend(name, { weight });
  if (backend.kind !== 'cluster') throw new Error('a test backend is a cluster');
  return { ...backend, filters };
};

const GET = 'GET / HTTP/1.1\r\nHost: a.example\r\nOrigin: https://shop.example\r\n\r\n';
const PREFLIGHT =
  'OPTIONS / HTTP/1.1\r\nHost: a.example\r\nOrigin: https://shop.example\r\nAccess-Control-Request-Method: GET\r\n\r\n';

/** `a`, and `b` beside it; auth servers `first` and `second` are spoken to by hand. */
async function start(t: TestContext, backends: readonly WeightedBackend[], filters: readonly Filter[] = []) {
  const heads: string[] = [];
  const [a, b, first, second] = await Promise.all([
    ScriptedBackend.start(async (connection) => {
      for (;;) {
        heads.push(await connection.readThrough('\r\n\r\n'));
        connection.send('HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\na');
      }
    }),
    ScriptedBackend.start(answering('b')),
    ScriptedBackend.start(null),
    ScriptedBackend.start(null),
  ]);
  const endpoints = { a: [a.port], b: [b.port], first: [first.port], second: [second.port] };
  const proxy = await TestProxy.start(testConfig({ rules: [{ backends, filters }], endpoints }));
  t.after(async () => {
    await proxy.stop();
    for (const backend of [a, b, first, second]) await backend.stop();
  });
  return { client: await proxy.connect(), proxy, a, heads, first, second };
}

/** The auth server's connection, kept open for the next question. */
async function answerAuth(connection: RawClient, answer: string): Promise<void> {
  await connection.readThrough('\r\n\r\n');
  connection.send(`HTTP/1.1 ${answer}\r\ncontent-length: 0\r\n\r\n`);
}

describe('CORS of a backend', () => {
  test('answers a preflight for it, and marks its answers', async (t) => {
    const { client, a } = await start(t, [withFilters('a', [CORS])]);
    client.send(PREFLIGHT);
    const preflight = await client.readResponse();
    assert.equal(preflight.status, 204);
    assert.equal(preflight.header('access-control-max-age'), '7');
    assert.equal(a.connections.length, 0);
    client.send(GET);
    const response = await client.readResponse();
    assert.equal(response.body, 'a');
    assert.equal(response.header('access-control-allow-origin'), 'https://shop.example');
  });

  test('is nothing to the other backends', async (t) => {
    const { client } = await start(t, [withFilters('a', [CORS]), testBackend('b')]);
    const seen: string[] = [];
    for (let count = 0; count < 2; count++) {
      client.send(GET);
      const response = await client.readResponse();
      seen.push(`${response.body} ${response.header('access-control-allow-origin') ?? '-'}`);
    }
    assert.deepEqual(seen.toSorted(), ['a https://shop.example', 'b -']);
  });

  test("the rule's own is the one that counts", async (t) => {
    const { client } = await start(t, [withFilters('a', [{ ...CORS, allowOrigins: ['*'] }])], [CORS]);
    client.send(GET);
    assert.equal((await client.readResponse()).header('access-control-allow-origin'), 'https://shop.example');
  });
});

describe('external auth of a backend', () => {
  test('is asked before the backend hears of the request', async (t) => {
    const { client, proxy, a, first } = await start(t, [withFilters('a', [auth('first')])]);
    client.send(GET);
    await answerAuth(await first.connection(), '403 Forbidden');
    assert.equal((await client.readResponse()).status, 403);
    assert.equal(a.connections.length, 0);
    assert.equal(proxy.records[0]?.reason, 'auth_denied');
  });

  test('is not asked for the other backends', async (t) => {
    const { client, first } = await start(t, [withFilters('a', [auth('first')], 0), testBackend('b')]);
    client.send(GET);
    assert.equal((await client.readResponse()).body, 'b');
    assert.equal(first.connections.length, 0);
  });

  test("comes after the rule's, and both must allow", async (t) => {
    const { client, heads, first, second } = await start(
      t,
      [withFilters('a', [auth('second')])],
      [auth('first')],
    );
    client.send(GET);
    const one = await first.connection();
    await answerAuth(one, '200 OK\r\nx-first: 1');
    const two = await second.connection();
    await answerAuth(two, '200 OK\r\nx-second: 2');
    assert.equal((await client.readResponse()).body, 'a');
    const [request = ''] = heads;
    assert.match(request, /x-first: 1\r\n/i);
    assert.match(request, /x-second: 2\r\n/i);
    client.send(GET);
    await answerAuth(one, '200 OK');
    await answerAuth(two, '401 Unauthorized');
    assert.equal((await client.readResponse()).status, 401);
  });

  test('an auth server that is not configured refuses', async (t) => {
    const { client, a } = await start(t, [withFilters('a', [auth('nowhere')])]);
    client.send(GET);
    assert.equal((await client.readResponse()).status, 403);
    assert.equal(a.connections.length, 0);
  });
});
