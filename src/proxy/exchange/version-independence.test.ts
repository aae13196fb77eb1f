/** One request means one thing: what a rule, a filter or a backend makes of it does not depend on the version it came in. */
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import type { Filter } from '../../ir/filter.ts';
import { DEFAULT_CLUSTER_POLICY } from '../../ir/policy.ts';
import { testBackend, testCluster, testConfig, type TestRule } from '../../../test/support/gateway-config.ts';
import { data, headers, request } from '../../../test/support/h2-frames.ts';
import { H2Peer, valueOf } from '../../../test/support/h2-peer.ts';
import { ScriptedBackend } from '../../../test/support/scripted-backend.ts';
import { TestProxy } from '../../../test/support/test-proxy.ts';

type Field = [name: string, value: string];

interface Asked {
  readonly method?: string;
  readonly authority?: string;
  readonly fields?: readonly Field[];
  readonly body?: string;
  readonly trailers?: readonly Field[];
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

type Ask = (t: TestContext, proxy: TestProxy, asked: Asked) => Promise<Answer>;

const CLIENTS: Readonly<Record<'HTTP/1.1' | 'HTTP/2', Ask>> = {
  'HTTP/1.1': async (
    _t,
    proxy,
    { method = 'GET', authority = 'a.example', fields = [], body, trailers = [] },
  ) => {
    const client = await proxy.connect();
    const lines = (list: readonly Field[]): string =>
      list.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    const framing = body === undefined ? '' : 'Transfer-Encoding: chunked\r\n';
    const content =
      body === undefined ? '' : `${body.length.toString(16)}\r\n${body}\r\n0\r\n${lines(trailers)}\r\n`;
    client.send(`${method} /x HTTP/1.1\r\nHost: ${authority}\r\n${lines(fields)}${framing}\r\n${content}`);
    return client.readResponse({ noBody: method === 'HEAD' });
  },
  'HTTP/2': async (
    t,
    proxy,
    { method = 'GET', authority = 'a.example', fields = [], body, trailers = [] },
  ) => {
    const peer = await H2Peer.connect(proxy.port);
    t.after(() => peer.raw.destroy());
    const head = request({ ':method': method, ':path': '/x', ':authority': authority }, ...fields);
    peer.send(headers(1, head, body === undefined));
    if (body !== undefined) peer.send(data(1, body, trailers.length === 0));
    if (trailers.length > 0) peer.send(headers(1, trailers, true));
    const message = await peer.message(1);
    return { status: Number(valueOf(message.blocks[0], ':status')), body: message.body };
  },
};

/** Backends that answer with their name; what they received, heads and bodies. */
async function scene(t: TestContext, names: readonly string[], rules: readonly TestRule[]) {
  const received: string[] = [];
  const backends = await Promise.all(
    names.map((name) =>
      ScriptedBackend.start(async (connection) => {
        for (;;) {
          let whole = await connection.readThrough('\r\n\r\n');
          if (/^transfer-encoding: chunked/im.test(whole)) whole += await readChunked(connection);
          received.push(whole);
          connection.send(`HTTP/1.1 200 OK\r\ncontent-length: ${name.length}\r\n\r\n${name}`);
        }
      }),
    ),
  );
  const endpoints = Object.fromEntries(names.map((name, index) => [name, [backends[index]?.port ?? 0]]));
  const proxy = await TestProxy.start(testConfig({ rules, endpoints }));
  t.after(async () => {
    await proxy.stop();
    for (const backend of backends) await backend.stop();
  });
  return { proxy, received };
}

async function readChunked(connection: { readThrough(marker: string): Promise<string> }): Promise<string> {
  let body = await connection.readThrough('\r\n');
  if (body !== '0\r\n') body += await connection.readThrough('\r\n0\r\n');
  for (;;) {
    const line = await connection.readThrough('\r\n');
    body += line;
    if (line === '\r\n') return body;
  }
}

const byHeader = (backend: string, name: string, value: string): TestRule => ({
  backends: [testBackend(backend)],
  match: { headers: [{ name, value: { kind: 'exact', value } }] },
});
const ANY: TestRule = { backends: [testBackend('any')] };

for (const [version, ask] of Object.entries(CLIENTS)) {
  describe(`over ${version}`, () => {
    test('a header match on Host sees what the client asked for, with its port', async (t) => {
      const { proxy } = await scene(
        t,
        ['a', 'b', 'any'],
        [byHeader('a', 'host', 'a.example'), byHeader('b', 'host', 'b.example:8080'), ANY],
      );
      assert.equal((await ask(t, proxy, { authority: 'a.example' })).body, 'a');
      assert.equal((await ask(t, proxy, { authority: 'b.example:8080' })).body, 'b');
      assert.equal((await ask(t, proxy, { authority: 'b.example' })).body, 'any');
    });

    test('consistent hashing by Host keeps a host with its endpoint', async (t) => {
      const names = ['0', '1', '2', '3'];
      const backends = await Promise.all(
        names.map((name) =>
          ScriptedBackend.start(async (connection) => {
            for (;;) {
              await connection.readThrough('\r\n\r\n');
              connection.send(`HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n${name}`);
            }
          }),
        ),
      );
      const source = { kind: 'header', name: 'Host' } as const;
      const policy = {
        ...DEFAULT_CLUSTER_POLICY,
        loadBalancing: { kind: 'consistent-hash', source, tableSize: 251 } as const,
      };
      const proxy = await TestProxy.start(
        testConfig({
          rules: [{ backends: [testBackend('c')] }],
          clusters: [testCluster('c', { policy })],
          endpoints: { c: backends.map(({ port }) => port) },
        }),
      );
      t.after(async () => {
        await proxy.stop();
        for (const backend of backends) await backend.stop();
      });
      for (const authority of ['a.example', 'b.example', 'c.example']) {
        const answers = new Set<string>();
        for (let count = 0; count < 6; count++) answers.add((await ask(t, proxy, { authority })).body);
        assert.equal(answers.size, 1, authority);
        // The other version comes to the same endpoint.
        for (const other of Object.values(CLIENTS)) answers.add((await other(t, proxy, { authority })).body);
        assert.equal(answers.size, 1, authority);
      }
    });

    test('a filter that sets Host sets what the backend is asked as', async (t) => {
      const edit = { set: [{ name: 'Host', value: 'inner.example' }], add: [], remove: [] };
      const filters: Filter[] = [{ kind: 'request-headers', edit }];
      const { proxy, received } = await scene(t, ['any'], [{ ...ANY, filters }]);
      await ask(t, proxy, {});
      assert.deepEqual(received[0]?.match(/^host: .*$/gim), ['host: inner.example']);
    });

    test('several cookie fields are one', async (t) => {
      const { proxy } = await scene(t, ['a', 'any'], [byHeader('a', 'cookie', 'a=1; b=2'), ANY]);
      const fields: Field[] = [
        ['cookie', 'a=1'],
        ['cookie', 'b=2'],
      ];
      assert.equal((await ask(t, proxy, { fields })).body, 'a');
    });

    test('POST, PUT and PATCH without a body say so to a backend over HTTP/1.1, other methods do not', async (t) => {
      const { proxy, received } = await scene(t, ['any'], [ANY]);
      for (const method of ['POST', 'PUT', 'PATCH', 'GET', 'HEAD', 'DELETE', 'OPTIONS']) {
        await ask(t, proxy, { method });
        const lengths = received.at(-1)?.match(/^(?:content-length|transfer-encoding): .*$/gim) ?? [];
        assert.deepEqual(lengths, method.startsWith('P') ? ['content-length: 0'] : [], method);
      }
      await ask(t, proxy, { method: 'POST', fields: [['content-length', '0']] });
      assert.deepEqual(received.at(-1)?.match(/^content-length: .*$/gim), ['content-length: 0']);
    });

    test('Content-Length twice is refused, though it says the same', async (t) => {
      const { proxy, received } = await scene(t, ['any'], [ANY]);
      const fields: Field[] = [
        ['content-length', '0'],
        ['content-length', '0'],
      ];
      assert.equal((await ask(t, proxy, { method: 'POST', fields })).status, 400);
      assert.deepEqual(received, []);
    });

    test('trailers that say who the client is, or that a filter sets in the head, do not cross', async (t) => {
      const edit = {
        set: [{ name: 'X-User', value: 'anna' }],
        add: [{ name: 'X-Role', value: 'r' }],
        remove: ['x-gone'],
      };
      const { proxy, received } = await scene(
        t,
        ['any'],
        [{ ...ANY, filters: [{ kind: 'request-headers', edit }] }],
      );
      const forged = [
        'x-user',
        'x_user',
        'x-role',
        'x-gone',
        'x-forwarded-for',
        'x-forwarded-prefix',
        'true-client-ip',
      ];
      const trailers: Field[] = [...forged.map((name): Field => [name, 'forged']), ['x-checksum', 'abc']];
      await ask(t, proxy, { method: 'POST', body: 'body', trailers });
      const [whole = ''] = received;
      assert.doesNotMatch(whole, /forged/);
      assert.match(whole, /\r\n0\r\nx-checksum: abc\r\n\r\n$/i);
    });

    test('TRACE goes only where a rule names it', async (t) => {
      const { proxy, received } = await scene(
        t,
        ['any', 'trace'],
        [
          {
            backends: [testBackend('trace')],
            match: {
              path: { kind: 'exact', value: '/x' },
              method: 'TRACE',
              headers: [{ name: 'x-trace', value: { kind: 'exact', value: '1' } }],
            },
          },
          ANY,
        ],
      );
      assert.equal((await ask(t, proxy, { method: 'TRACE', fields: [['cookie', 'secret=1']] })).status, 501);
      assert.equal(proxy.records[0]?.reason, 'not_implemented');
      assert.deepEqual(received, []);
      assert.equal((await ask(t, proxy, { method: 'TRACE', fields: [['x-trace', '1']] })).body, 'trace');
    });

    test('Max-Forwards of OPTIONS counts down, and 0 is answered by the gateway', async (t) => {
      const { proxy, received } = await scene(t, ['any'], [ANY]);
      await ask(t, proxy, { method: 'OPTIONS', fields: [['max-forwards', '3']] });
      assert.deepEqual(received[0]?.match(/^max-forwards: .*$/gim), ['max-forwards: 2']);
      assert.equal((await ask(t, proxy, { method: 'OPTIONS', fields: [['max-forwards', '0']] })).status, 204);
      assert.equal(proxy.records[1]?.reason, 'max_forwards');
      await ask(t, proxy, { method: 'OPTIONS', fields: [['max-forwards', 'many']] });
      await ask(t, proxy, { fields: [['max-forwards', '0']] });
      assert.equal(received.length, 3);
      assert.match(received[2] ?? '', /^max-forwards: 0\r$/im);
    });
  });
}

test('Host and :authority may differ in the default port of the scheme, and in nothing else', async (t) => {
  const { proxy } = await scene(t, ['any'], [ANY]);
  const peer = await H2Peer.connect(proxy.port);
  t.after(() => peer.raw.destroy());
  const cases: readonly [string, string, string, boolean][] = [
    ['http', 'a.example', 'a.example:80', true],
    ['http', 'A.example:80', 'a.example', true],
    ['https', 'a.example', 'a.example:443', true],
    ['http', 'a.example', 'a.example:443', false],
    ['https', 'a.example', 'a.example:80', false],
    ['http', 'a.example', 'a.example:8080', false],
  ];
  for (const [index, [scheme, authority, host, isSame]] of cases.entries()) {
    const id = index * 2 + 1;
    peer.send(headers(id, request({ ':scheme': scheme, ':authority': authority }, ['host', host]), true));
    const { blocks, reset } = await peer.message(id);
    const label = `${scheme} ${authority} ${host}`;
    if (isSame) assert.equal(valueOf(blocks[0], ':status'), '200', label);
    else assert.equal(reset, 1, label);
  }
});

test('an absolute target and Host may differ in the default port', async (t) => {
  const { proxy } = await scene(t, ['any'], [ANY]);
  const client = await proxy.connect();
  client.send('GET http://a.example:80/x HTTP/1.1\r\nHost: a.example\r\n\r\n');
  assert.equal((await client.readResponse()).status, 200);
  client.send('GET http://a.example:81/x HTTP/1.1\r\nHost: a.example\r\n\r\n');
  assert.equal((await client.readResponse()).status, 400);
});

test('an upgrade can be matched however it is asked for', async (t) => {
  const { proxy } = await scene(t, ['ws', 'any'], [byHeader('ws', 'upgrade', 'websocket'), ANY]);
  const client = await proxy.connect();
  client.send(
    'GET / HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  assert.equal((await client.readResponse()).body, 'ws');
  const peer = await H2Peer.connect(proxy.port);
  t.after(() => peer.raw.destroy());
  peer.send(headers(1, request({ ':method': 'CONNECT', ':protocol': 'websocket' }), false));
  assert.equal((await peer.message(1)).body, 'ws');
});

test('TE: trailers in a list reaches an HTTP/2 backend, other codings do not', async (t) => {
  const backend = await ScriptedBackend.start();
  const proxy = await TestProxy.start(
    testConfig({
      rules: [{ backends: [testBackend('b')] }],
      clusters: [testCluster('b', { protocol: 'h2' })],
      endpoints: { b: [backend.port] },
    }),
  );
  t.after(async () => {
    await proxy.stop();
    await backend.stop();
  });
  const client = await proxy.connect();
  client.send('GET / HTTP/1.1\r\nHost: a.example\r\nConnection: TE\r\nTE: deflate;q=0.5, Trailers\r\n\r\n');
  const peer = await H2Peer.accept(await backend.connection());
  assert.equal(valueOf(await peer.fields(1), 'te'), 'trailers');
  const other = await proxy.connect();
  other.send('GET / HTTP/1.1\r\nHost: a.example\r\nConnection: TE\r\nTE: trailers2, deflate\r\n\r\n');
  assert.equal(valueOf(await peer.fields(3), 'te'), undefined);
});
