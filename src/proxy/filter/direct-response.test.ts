/** Configured responses over real connections of both versions of HTTP. */
import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import { testBackend, testConfig } from '../../../test/support/gateway-config.ts';
import { exchangeOnce, type Received, type Sent, type Version } from '../../../test/support/reply-client.ts';
import { answering, ScriptedBackend } from '../../../test/support/scripted-backend.ts';
import { TestProxy } from '../../../test/support/test-proxy.ts';
import type { DirectResponseFilter, Filter } from '../../ir/filter.ts';
import type { WeightedBackend } from '../../ir/route.ts';

const VERSIONS: readonly Version[] = ['HTTP/1.1', 'HTTP/2'];
const GET: Sent = { method: 'GET', path: '/', fields: [] };

const direct = (change: Partial<DirectResponseFilter> = {}): DirectResponseFilter => ({
  kind: 'direct-response',
  status: 200,
  headers: [],
  body: { text: 'grüße', contentType: 'text/plain; charset=utf-8' },
  ...change,
});

async function serve(t: TestContext, filters: readonly Filter[]): Promise<TestProxy> {
  const proxy = await TestProxy.start(testConfig({ rules: [{ filters }], settings: { reasonHeader: true } }));
  t.after(() => proxy.stop());
  return proxy;
}

const all = ({ fields }: Received, name: string): string[] =>
  fields.filter(([key]) => key === name).map(([, value]) => value);

for (const version of VERSIONS) {
  suite(`a direct response over ${version}`, () => {
    test('has its status, fields and body', async (t) => {
      const headers = [
        { name: 'Set-Cookie', value: 'a=1' },
        { name: 'Set-Cookie', value: 'b=2' },
      ];
      const proxy = await serve(t, [direct({ status: 418, headers })]);
      const got = await exchangeOnce(proxy, version, GET);
      assert.equal(got.status, 418);
      assert.equal(Buffer.from(got.body, 'latin1').toString('utf8'), 'grüße');
      assert.deepEqual(all(got, 'set-cookie'), ['a=1', 'b=2']);
      assert.deepEqual(all(got, 'content-type'), ['text/plain; charset=utf-8']);
      assert.deepEqual(all(got, 'content-length'), ['7']);
      assert.deepEqual(all(got, 'x-sluice-reason'), ['direct_response']);
      assert.deepEqual(
        proxy.records.map(({ reason, status }) => [reason, status]),
        [['direct_response', 418]],
      );
    });

    test('to HEAD has the length, and no body', async (t) => {
      const got = await exchangeOnce(await serve(t, [direct()]), version, { ...GET, method: 'HEAD' });
      assert.deepEqual(all(got, 'content-length'), ['7']);
      assert.equal(got.body, '');
      assert.ok(got.endedWithHead);
    });

    test('without content has no body, whatever the configuration says of 204', async (t) => {
      const proxy = await serve(t, [direct({ status: 204 })]);
      const got = await exchangeOnce(proxy, version, GET);
      assert.equal(got.status, 204);
      assert.equal(got.body, '');
      assert.deepEqual(all(got, 'content-length'), []);
    });

    test('comes before the body of the request has arrived', async (t) => {
      const proxy = await serve(t, [direct()]);
      const sent: Sent = { ...GET, method: 'POST', body: 'x'.repeat(100), unfinished: 'body' };
      assert.equal((await exchangeOnce(proxy, version, sent)).status, 200);
    });

    test('passes through the response filters of its rule', async (t) => {
      const set = [{ name: 'x-set', value: '1' }];
      const edit: Filter = { kind: 'response-headers', edit: { set, add: [], remove: ['content-type'] } };
      const got = await exchangeOnce(await serve(t, [direct(), edit]), version, GET);
      assert.deepEqual(all(got, 'x-set'), ['1']);
      assert.deepEqual(all(got, 'content-type'), []);
    });

    test('cannot be split by its fields, nor framed by them', async (t) => {
      const headers = [
        { name: 'x-a', value: 'a\r\nx-evil: 1\r\n\r\n<p>' },
        { name: 'x b', value: 'no name' },
        { name: 'Content-Length', value: '1' },
        { name: 'Transfer-Encoding', value: 'chunked' },
        { name: 'Connection', value: 'close, x-a' },
      ];
      const got = await exchangeOnce(await serve(t, [direct({ headers })]), version, GET);
      assert.deepEqual(all(got, 'x-evil'), []);
      assert.equal(all(got, 'x-a').length, 1);
      assert.deepEqual(all(got, 'x b'), []);
      assert.deepEqual(all(got, 'content-length'), ['7']);
      assert.deepEqual(all(got, 'transfer-encoding'), []);
      assert.equal(got.body.length, 7);
    });

    test('of one backend leaves the requests to the others alone', async (t) => {
      const backend = await ScriptedBackend.start(answering('from the backend'));
      const own: WeightedBackend = { ...testBackend('a'), filters: [direct()] };
      const config = testConfig({
        rules: [{ backends: [testBackend('a'), own] }],
        endpoints: { a: [backend.port] },
      });
      const proxy = await TestProxy.start(config);
      t.after(async () => {
        await proxy.stop();
        await backend.stop();
      });
      const bodies = new Set<number>();
      for (let turn = 0; turn < 2; turn++) bodies.add((await exchangeOnce(proxy, version, GET)).body.length);
      assert.deepEqual([...bodies].toSorted(), [16, 7]);
    });
  });
}

test('a gRPC client gets the gRPC status that corresponds to the HTTP status', async (t) => {
  const fields: Sent['fields'] = [['content-type', 'application/grpc']];
  const statuses = [
    [200, '2'],
    [401, '16'],
    [403, '7'],
    [404, '12'],
    [503, '14'],
  ] as const;
  for (const [status, expected] of statuses) {
    const proxy = await serve(t, [direct({ status })]);
    const got = await exchangeOnce(proxy, 'HTTP/2', { ...GET, method: 'POST', fields });
    assert.equal(got.status, 200);
    assert.deepEqual(all(got, 'grpc-status'), [expected]);
    assert.deepEqual(all(got, 'content-type'), ['application/grpc']);
    assert.equal(got.body, '');
  }
});

test('a WebSocket handshake gets the response, and the connection stays one of HTTP', async (t) => {
  const proxy = await serve(t, [direct({ status: 403 })]);
  const client = await proxy.connect();
  const upgrade =
    'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
  client.send(`GET / HTTP/1.1\r\nHost: a.example\r\n${upgrade}\r\n`);
  const response = await client.readResponse();
  assert.equal(response.status, 403);
  assert.equal(response.header('upgrade'), undefined);
  client.destroy();
});
