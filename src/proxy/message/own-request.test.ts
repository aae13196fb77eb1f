/** Requests that the gateway makes itself carry nothing of the client's connection, and no lie of the client about itself. */
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import type { Filter } from '../../ir/filter.ts';
import { clusterId } from '../../ir/ids.ts';
import { startAuthServer } from '../../../test/support/grpc-auth-server.ts';
import { testBackend, testCluster, testConfig } from '../../../test/support/gateway-config.ts';
import { FLAG, SETTING, TYPE, headers, request } from '../../../test/support/h2-frames.ts';
import { H2Peer } from '../../../test/support/h2-peer.ts';
import { ScriptedBackend } from '../../../test/support/scripted-backend.ts';
import { TestProxy } from '../../../test/support/test-proxy.ts';

type Protocol = 'http1' | 'h2';
/** Names in lower case; pseudo-header fields as HTTP/2 has them. */
type Fields = ReadonlyMap<string, string>;

const FORGED: readonly (readonly [string, string])[] = [
  ['x-forwarded-for', '6.6.6.6'],
  ['x-forwarded-proto', 'https'],
  ['x-forwarded-host', 'evil.example'],
  ['x-forwarded-port', '1'],
  ['x-forwarded-client-cert', 'By=evil'],
  ['forwarded', 'for=6.6.6.6'],
  ['x-real-ip', '6.6.6.6'],
  ['x-request-id', 'forged'],
  ['x_forwarded_for', '6.6.6.6'],
  ['x_user', 'admin'],
];
const HONEST: readonly (readonly [string, string])[] = [
  ['authorization', 'Basic x'],
  ['cookie', 'c=1'],
  ['expect', '100-continue'],
  ['sec-websocket-version', '13'],
];
const lines = (fields: readonly (readonly [string, string])[]): string =>
  fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');

/** A WebSocket handshake with everything in it that must not reach a server the gateway asks by itself. */
const CLIENTS: Readonly<Record<Protocol, (proxy: TestProxy, t: TestContext) => Promise<void>>> = {
  http1: async (proxy) => {
    const client = await proxy.connect();
    client.send(
      'GET /chat?q HTTP/1.1\r\nHost: a.example:8080\r\nConnection: Upgrade, X-Nominated\r\nUpgrade: websocket\r\n' +
        `Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\nX-Nominated: 1\r\nTE: trailers\r\n${lines([...FORGED, ...HONEST])}\r\n`,
    );
  },
  h2: async (proxy, t) => {
    const peer = await H2Peer.connect(proxy.port);
    t.after(() => peer.raw.destroy());
    const pseudo = {
      ':method': 'CONNECT',
      ':path': '/chat?q',
      ':authority': 'a.example:8080',
      ':protocol': 'websocket',
    };
    const fields = [...FORGED, ...HONEST].map(([name, value]): [string, string] => [name, value]);
    peer.send(headers(1, request(pseudo, ...fields), false));
  },
};

/** The next request at a server. */
const SERVERS: Readonly<Record<Protocol, (backend: ScriptedBackend) => Promise<Fields>>> = {
  http1: async (backend) => {
    const head = await (await backend.connection()).readThrough('\r\n\r\n');
    const [line = '', ...rest] = head.trimEnd().split('\r\n');
    const [method = '', path = ''] = line.split(' ');
    const fields = rest.map((field): [string, string] => {
      const colon = field.indexOf(':');
      return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
    });
    return new Map([[':method', method], [':path', path], ...fields]);
  },
  h2: async (backend) => {
    const peer = await H2Peer.accept(await backend.connection(), [SETTING.enableConnectProtocol, 1]);
    const { fields, flags } = await peer.nextOf(TYPE.headers, 1);
    assert.ok((flags & FLAG.endStream) !== 0, 'the request is whole');
    const authority = fields.find(([name]) => name === ':authority');
    return new Map([...fields, ['host', authority?.[1] ?? '']]);
  },
};

async function scene(t: TestContext, filter: Filter, protocol: Protocol) {
  const backend = await ScriptedBackend.start();
  const asked = await ScriptedBackend.start();
  const proxy = await TestProxy.start(
    testConfig({
      rules: [{ backends: [testBackend('a')], filters: [filter] }],
      clusters: [testCluster('a'), testCluster('asked', { protocol })],
      endpoints: { a: [backend.port], asked: [asked.port] },
    }),
  );
  t.after(async () => {
    await proxy.stop();
    await backend.stop();
    await asked.stop();
  });
  return { proxy, backend, asked };
}

const origin = { kind: 'Service', namespace: 'test', name: 'asked' };
const auth = (allowedRequestHeaders: readonly string[] = []): Filter => ({
  kind: 'external-auth',
  cluster: clusterId('asked'),
  origin,
  protocol: { kind: 'http', pathPrefix: '', allowedRequestHeaders, allowedResponseHeaders: [] },
  forwardBodyBytes: 0,
});
const mirror: Filter = { kind: 'mirror', cluster: clusterId('asked'), origin, numerator: 1, denominator: 1 };

const VOUCHED: readonly (readonly [string, string])[] = [
  ['x-forwarded-for', '127.0.0.1'],
  ['x-forwarded-proto', 'http'],
  ['x-forwarded-host', 'a.example:8080'],
  ['x-real-ip', '127.0.0.1'],
  ['forwarded', 'for=127.0.0.1;proto=http;host="a.example:8080"'],
];

function assertOwn(fields: Fields): void {
  assert.equal(fields.get(':method'), 'GET');
  assert.equal(fields.get(':path'), '/chat?q');
  assert.equal(fields.get('host'), 'a.example:8080');
  for (const name of [':protocol', 'connection', 'upgrade', 'expect', 'x-nominated', 'transfer-encoding']) {
    assert.equal(fields.get(name), undefined, name);
  }
  for (const [name, value] of VOUCHED) assert.equal(fields.get(name), value, name);
  assert.match(fields.get('x-request-id') ?? '', /^[0-9a-f]{32}$/);
  for (const [name, value] of FORGED) assert.notEqual(fields.get(name), value, name);
}

for (const [client, connect] of Object.entries(CLIENTS)) {
  for (const protocol of ['http1', 'h2'] as const) {
    describe(`a WebSocket handshake over ${client}, a server over ${protocol}`, () => {
      test('an auth server is asked with Authorization and what the gateway knows, and nothing else', async (t) => {
        const { proxy, asked, backend } = await scene(t, auth(), protocol);
        await connect(proxy, t);
        const fields = await SERVERS[protocol](asked);
        assertOwn(fields);
        assert.equal(fields.get('authorization'), 'Basic x');
        assert.equal(fields.get('content-length'), '0');
        const known = new Set([...VOUCHED.map(([name]) => name), 'authorization', 'content-length']);
        const others = [...fields.keys()].filter((name) => !known.has(name) && !name.startsWith(':'));
        assert.deepEqual(others.toSorted(), ['host', 'x-request-id']);
        assert.equal(backend.connections.length, 0);
      });

      test('allowedHeaders adds fields, but never forged or connection-level ones', async (t) => {
        const listed = [...FORGED, ...HONEST].map(([name]) => name);
        const { proxy, asked } = await scene(t, auth([...listed, 'x-nominated', 'upgrade', 'te']), protocol);
        await connect(proxy, t);
        const fields = await SERVERS[protocol](asked);
        assertOwn(fields);
        assert.equal(fields.get('cookie'), 'c=1');
        assert.equal(fields.get('te'), undefined);
      });

      test('a mirror gets an ordinary request', async (t) => {
        const { proxy, asked } = await scene(t, mirror, protocol);
        await connect(proxy, t);
        const fields = await SERVERS[protocol](asked);
        assertOwn(fields);
        assert.equal(fields.get('cookie'), 'c=1');
      });
    });
  }

  test(`an auth server over gRPC is told what the gateway knows of a client over ${client}`, async (t) => {
    const server = await startAuthServer(t, () => new Error('no verdict'));
    const proxy = await TestProxy.start(
      testConfig({
        rules: [
          {
            backends: [testBackend('a')],
            filters: [
              {
                kind: 'external-auth',
                cluster: clusterId('asked'),
                origin,
                protocol: { kind: 'grpc', allowedRequestHeaders: [] },
                forwardBodyBytes: 0,
              },
            ],
          },
        ],
        clusters: [testCluster('a'), testCluster('asked', { protocol: 'h2' })],
        endpoints: { a: [1], asked: [server.port] },
      }),
    );
    t.after(() => proxy.stop());
    await connect(proxy, t);
    const { request: asked } = await server.firstQuestion;
    const fields = new Map(Object.entries(asked.http.headers));
    assertOwn(new Map([...fields, [':method', asked.http.method], [':path', asked.http.path]]));
    assert.equal(fields.get('x-request-id'), asked.http.id);
    assert.equal(fields.get('cookie'), 'c=1');
  });
}

test('an auth server is asked about the host and target that the backend gets, however odd', async (t) => {
  const everything = Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index)).join('');
  const query = everything.replace('#', '');
  const { proxy, asked, backend } = await scene(t, auth(), 'http1');
  for (const host of [
    'a.example:',
    'A.EXAMPLE.',
    '[::1]:8080',
    'a_b~c.example:65535',
    `${'a'.repeat(255)}:65535`,
  ]) {
    const client = await proxy.connect();
    client.send(`GET /x?${query} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    const server = await asked.connection();
    const question = await server.readThrough('\r\n\r\n');
    server.send('HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
    const upstream = await backend.connection();
    const forwarded = await upstream.readThrough('\r\n\r\n');
    upstream.send('HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
    for (const head of [question, forwarded]) {
      assert.equal(head.split('\r\n')[0], `GET /x?${query} HTTP/1.1`, host);
      assert.equal(/^host: (.*)\r$/im.exec(head)?.[1], host);
    }
  }
});

test('101 from an auth server is no verdict', async (t) => {
  const { proxy, asked } = await scene(t, auth(), 'http1');
  const client = await proxy.connect();
  client.send(
    'GET / HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\nSec-WebSocket-Version: 13\r\n\r\n',
  );
  const server = await asked.connection();
  await server.readThrough('\r\n\r\n');
  server.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  assert.equal((await client.readResponse()).status, 403);
  assert.equal(proxy.records[0]?.reason, 'auth_unavailable');
});

test('the backend is not sent Expect once the gateway itself has asked for the body', async (t) => {
  const { proxy, asked, backend } = await scene(t, { ...auth(), forwardBodyBytes: 10 } as Filter, 'http1');
  const client = await proxy.connect();
  client.send('POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n');
  assert.equal((await client.readResponse()).status, 100);
  client.send('body');
  const server = await asked.connection();
  await server.waitFor('\r\n\r\nbody');
  server.send('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
  const upstream = await backend.connection();
  await upstream.waitFor('\r\n\r\nbody');
  assert.doesNotMatch(upstream.received, /^expect:/im);
});

test('a mirror gets the body that came while an auth server was asked', async (t) => {
  const { proxy, asked, backend } = await scene(t, { ...auth(), forwardBodyBytes: 10 } as Filter, 'http1');
  const copies = await ScriptedBackend.start();
  t.after(() => copies.stop());
  await proxy.apply(
    testConfig({
      rules: [
        {
          backends: [testBackend('a')],
          filters: [
            { ...auth(), forwardBodyBytes: 10 } as Filter,
            { ...mirror, cluster: clusterId('copies') },
          ],
        },
      ],
      endpoints: { a: [backend.port], asked: [asked.port], copies: [copies.port] },
    }),
  );
  const client = await proxy.connect();
  client.send('POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 4\r\n\r\nbody');
  const server = await asked.connection();
  await server.waitFor('\r\n\r\nbody');
  server.send('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
  for (const receiver of [backend, copies]) await (await receiver.connection()).waitFor('\r\n\r\nbody');
});
