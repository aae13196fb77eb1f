/** External auth over gRPC, against a server made from the published definitions. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type IncomingHttpHeaders } from 'node:http2';
import { Agent } from 'node:http';
import { suite, test, type TestContext } from 'node:test';
import { testBackend, testCluster, testConfig } from '../../../../../test/support/gateway-config.ts';
import {
  startAuthServer,
  type AuthServer,
  type CheckAnswer,
} from '../../../../../test/support/grpc-auth-server.ts';
import { send, type Answer, type SentRequest } from '../../../../../test/support/http-client.ts';
import { TestProxy } from '../../../../../test/support/test-proxy.ts';
import { startEchoBackend } from '../../../../../test/support/echo-backend.ts';
import type { ExternalAuthFilter } from '../../../../ir/filter.ts';
import { clusterId } from '../../../../ir/ids.ts';

interface Scene {
  readonly proxy: TestProxy;
  readonly server: AuthServer;
  /** Heads that came to the backend. */
  readonly arrived: Readonly<Record<string, string | string[] | undefined>>[];
  readonly ask: (request?: Omit<SentRequest, 'port'>) => Promise<Answer>;
}

async function scene(
  t: TestContext,
  answer: CheckAnswer,
  overrides: Partial<ExternalAuthFilter> = {},
): Promise<Scene> {
  const server = await startAuthServer(t, () => answer);
  const backend = await startEchoBackend(t);
  const filter: ExternalAuthFilter = {
    kind: 'external-auth',
    cluster: clusterId('auth'),
    origin: { kind: 'Service', namespace: 'test', name: 'auth' },
    protocol: { kind: 'grpc', allowedRequestHeaders: [] },
    forwardBodyBytes: 0,
    ...overrides,
  };
  const proxy = await TestProxy.start(
    testConfig({
      rules: [{ backends: [testBackend('a')], filters: [filter] }],
      clusters: [testCluster('a'), testCluster('auth', { protocol: 'h2' })],
      endpoints: { a: [backend.port], auth: [server.port] },
    }),
  );
  t.after(() => proxy.stop());
  const ask: Scene['ask'] = (request = {}) => send({ ...request, port: proxy.port });
  return { proxy, server, arrived: backend.heads, ask };
}

const OK = { status: { code: 0 } };
const set = (key: string, value: string, more: object = {}): object => ({ header: { key, value }, ...more });

/** What the gateway itself says of the client, whatever the filter lists. */
const vouchedFields = (host: string, requestId: string): Readonly<Record<string, string>> => ({
  'x-forwarded-for': '127.0.0.1',
  'x-forwarded-proto': 'http',
  'x-forwarded-host': host,
  'x-real-ip': '127.0.0.1',
  'x-request-id': requestId,
  forwarded: `for=127.0.0.1;proto=http;host=${host.includes(':') ? `"${host}"` : host}`,
});

suite('external auth over gRPC', () => {
  test('the question says who asks for what', async (t) => {
    const { server, ask } = await scene(t, OK);
    const answer = await ask({
      host: 'shop.example:8080',
      path: '/a/b?c=d',
      headers: { 'x-token': 'secret', cookie: 'a=1' },
    });
    assert.equal(answer.status, 200, answer.body);
    const [attributes] = server.questions;
    const http = attributes?.request.http;
    assert.ok(attributes && http);
    assert.equal(attributes.source.address.socket_address.address, '127.0.0.1');
    assert.ok(attributes.source.address.socket_address.port_value > 0);
    assert.equal(attributes.destination.address.socket_address.port_value, 80);
    assert.ok(Math.abs(attributes.request.time.seconds - Date.now() / 1_000) < 100);
    assert.deepEqual(
      [http.method, http.path, http.host, http.scheme, http.protocol, http.body],
      ['GET', '/a/b?c=d', 'shop.example:8080', 'http', 'HTTP/1.1', ''],
    );
    assert.match(http.id, /^[0-9a-f]{32}$/);
    assert.deepEqual(http.headers, {
      ...vouchedFields('shop.example:8080', http.id),
      host: 'shop.example:8080',
      'x-token': 'secret',
      cookie: 'a=1',
    });
  });

  test('a denial with 204 has no body, whatever the auth server says', async (t) => {
    const { ask } = await scene(t, {
      status: { code: 7 },
      denied_response: { status: { code: 204 }, body: 'not for 204' },
    });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    t.after(() => {
      agent.destroy();
    });
    for (let count = 0; count < 2; count++) {
      const { status, headers, body } = await ask({ agent });
      assert.deepEqual([status, headers['content-length'], body], [204, undefined, '']);
    }
  });

  test('only the headers of the list are told, where there is one', async (t) => {
    const protocol = { kind: 'grpc', allowedRequestHeaders: ['x-token'] } as const;
    const { server, ask } = await scene(t, OK, { protocol });
    await ask({ headers: { 'x-token': 'secret', 'x-other': '1' } });
    const http = server.questions[0]?.request.http;
    assert.deepEqual(http?.headers, { ...vouchedFields('localhost', http?.id ?? ''), 'x-token': 'secret' });
  });

  test('headers are set, added, removed, and left as they are, on the request and on the answer', async (t) => {
    const { arrived, ask } = await scene(t, {
      ...OK,
      ok_response: {
        headers: [
          set('X-User', 'anna'),
          set('x-group', 'b', { append: { value: true } }),
          set('x-there', 'new', { append_action: 'ADD_IF_ABSENT' }),
          set('x-absent', 'new', { append_action: 'OVERWRITE_IF_EXISTS' }),
          set('content-length', '999'),
        ],
        headers_to_remove: ['X-Token', 'host'],
        response_headers_to_add: [set('x-answer', 'yes'), set('transfer-encoding', 'none')],
      },
    });
    const answer = await ask({
      headers: { 'x-user': 'forged', 'x-group': 'a', 'x-there': 'old', 'x-token': 't' },
    });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['x-answer'], 'yes');
    const [head = {}] = arrived;
    assert.equal(head['x-user'], 'anna');
    assert.equal(head['x-group'], 'a, b');
    assert.equal(head['x-there'], 'old');
    assert.equal(head['x-absent'], undefined);
    assert.equal(head['x-token'], undefined);
    assert.equal(head['content-length'], undefined);
    assert.equal(head['host'], 'localhost');
  });

  test('a field that Connection lists is absent: what the auth server adds is not lost with it', async (t) => {
    const headers = [set('x-user', 'anna', { append_action: 'ADD_IF_ABSENT' })];
    const { server, arrived, ask } = await scene(t, { ...OK, ok_response: { headers } });
    await ask({ headers: { 'x-user': 'forged', connection: 'close, x-user' } });
    assert.equal(server.questions[0]?.request.http.headers['x-user'], undefined);
    assert.equal(arrived[0]?.['x-user'], 'anna');
  });

  test('a refusal is the answer: status, headers and body', async (t) => {
    const { proxy, arrived, ask } = await scene(t, {
      status: { code: 7 },
      denied_response: {
        status: { code: 401 },
        headers: [set('WWW-Authenticate', 'Basic'), set('content-length', '0')],
        body: 'who are you?',
      },
    });
    const answer = await ask();
    assert.equal(answer.status, 401);
    assert.equal(answer.headers['www-authenticate'], 'Basic');
    assert.equal(answer.body, 'who are you?');
    assert.equal(proxy.records[0]?.reason, 'auth_denied');
    assert.deepEqual(arrived, []);
    const head = await ask({ method: 'HEAD' });
    assert.equal(head.headers['content-length'], '12');
  });

  test('a refusal that says no more is 403, and an error counts as one', async (t) => {
    const bare = await (await scene(t, { status: { code: 16 } })).ask();
    assert.deepEqual([bare.status, bare.body], [403, '']);
    const { ask } = await scene(t, { status: { code: 14 }, error_response: { status: { code: 503 } } });
    assert.equal((await ask()).status, 503);
  });

  test('a gRPC client reads a status', async (t) => {
    const { proxy } = await scene(t, {
      status: { code: 16 },
      denied_response: { status: { code: 401 }, body: 'who? ✗' },
    });
    const session = connect(`http://127.0.0.1:${proxy.port}`);
    t.after(() => {
      session.destroy();
    });
    const stream = session.request({
      ':method': 'POST',
      ':path': '/a.B/C',
      'content-type': 'application/grpc',
    });
    stream.end();
    const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
    assert.equal(headers['grpc-status'], '16');
    assert.equal(headers['grpc-message'], 'who? %E2%9C%97');
  });

  test('no verdict is a refusal', async (t) => {
    const { proxy, arrived, ask } = await scene(t, new Error('broken'));
    assert.equal((await ask()).status, 403);
    assert.equal(proxy.records[0]?.reason, 'auth_unavailable');
    assert.deepEqual(arrived, []);
  });

  test('a body up to the limit is shown, as text or as bytes; a longer one is refused', async (t) => {
    const { server, ask, arrived } = await scene(t, OK, { forwardBodyBytes: 4 });
    const at = await ask({ method: 'POST', body: 'four', headers: { 'content-length': '4' } });
    assert.equal(at.status, 200);
    assert.equal(server.questions[0]?.request.http.body, 'four');
    assert.equal(server.questions[0].request.http.size, 4);
    const chunked = { 'transfer-encoding': 'chunked' };
    assert.equal((await ask({ method: 'POST', body: 'abc', headers: chunked })).status, 200);
    assert.equal(server.questions[1]?.request.http.body, 'abc');
    for (const headers of [chunked, { 'content-length': '5' }]) {
      assert.equal((await ask({ method: 'POST', body: 'fives', headers })).status, 413);
    }
    assert.equal(server.questions.length, 2);
    assert.equal(arrived.length, 2);
  });
});
