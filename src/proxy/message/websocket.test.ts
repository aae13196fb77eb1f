/** WebSocket between any two versions of HTTP, with real handshakes and frames. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo, Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { describe, test, type TestContext } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { testBackend, testCluster, testConfig } from '../../../test/support/gateway-config.ts';
import { H2Peer } from '../../../test/support/h2-peer.ts';
import { headers, request } from '../../../test/support/h2-frames.ts';
import { ScriptedBackend } from '../../../test/support/scripted-backend.ts';
import { TestProxy, oneBackend } from '../../../test/support/test-proxy.ts';

type Protocol = 'http1' | 'h2';

/** A text frame of up to 125 bytes (RFC 6455 section 5.2); a client's is masked. */
function textFrame(text: string, mask: Buffer | null): Buffer {
  const payload = Buffer.from(text).map((byte, index) => byte ^ (mask?.[index % 4] ?? 0));
  const length = payload.length | (mask === null ? 0 : 0x80);
  return Buffer.concat([Buffer.of(0x81, length), mask ?? Buffer.alloc(0), payload]);
}

/** The text of one frame that comes whole, masked or not. */
async function readText(stream: Duplex): Promise<string> {
  let bytes = Buffer.alloc(0);
  for (;;) {
    const [chunk] = (await once(stream, 'data')) as [Buffer];
    bytes = Buffer.concat([bytes, chunk]);
    const length = (bytes[1] ?? 0) & 0x7f;
    const isMasked = ((bytes[1] ?? 0) & 0x80) !== 0;
    const from = isMasked ? 6 : 2;
    if (bytes.length < 2 || bytes.length < from + length) continue;
    const mask = bytes.subarray(2, 6);
    const payload = bytes.subarray(from, from + length);
    return Buffer.from(
      payload.map((byte, index) => byte ^ (isMasked ? (mask[index % 4] ?? 0) : 0)),
    ).toString();
  }
}

const portOf = (server: { address(): ReturnType<Server['address']> }): number =>
  (server.address() as AddressInfo).port;

/** Backends that return each text in upper case. */
const BACKENDS: Readonly<Record<Protocol, (t: TestContext) => Promise<number>>> = {
  http1: async (t) => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    server.on('connection', (socket) => {
      socket.on('message', (data) => {
        socket.send((data as Buffer).toString().toUpperCase());
      });
    });
    await once(server, 'listening');
    t.after(() => {
      server.close();
    });
    return portOf(server);
  },
  h2: async (t) => {
    const server = createServer({ settings: { enableConnectProtocol: true } });
    server.on('stream', (stream: ServerHttp2Stream, fields) => {
      if (fields[':method'] !== 'CONNECT' || fields[':protocol'] !== 'websocket') {
        stream.respond({ ':status': 400 }, { endStream: true });
        return;
      }
      stream.on('error', () => undefined);
      stream.respond({ ':status': 200 });
      void readText(stream).then((text) => stream.write(textFrame(text.toUpperCase(), null)));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => {
      server.close();
    });
    return portOf(server);
  },
};

/** Clients that say one thing; what they get back. */
const CLIENTS: Readonly<Record<Protocol, (t: TestContext, port: number) => Promise<string>>> = {
  http1: async (t, port) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/chat`);
    t.after(() => {
      socket.terminate();
    });
    await once(socket, 'open');
    socket.send('hello');
    const [data] = (await once(socket, 'message')) as [Buffer];
    return data.toString();
  },
  h2: async (t, port) => {
    const session = connect(`http://127.0.0.1:${port}`);
    t.after(() => {
      session.destroy();
    });
    await once(session, 'remoteSettings');
    const stream = session.request(
      { ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/chat', 'sec-websocket-version': '13' },
      { endStream: false },
    );
    const [fields] = (await once(stream, 'response')) as [Record<string, unknown>];
    assert.equal(fields[':status'], 200);
    assert.equal(fields['sec-websocket-accept'], undefined);
    stream.write(textFrame('hello', Buffer.of(1, 2, 3, 4)));
    return readText(stream);
  },
};

const proxyTo = async (t: TestContext, port: number, protocol: Protocol): Promise<TestProxy> => {
  const proxy = await TestProxy.start(
    testConfig({
      rules: [{ backends: [testBackend('b')] }],
      clusters: [testCluster('b', { protocol })],
      endpoints: { b: [port] },
    }),
  );
  t.after(() => proxy.stop());
  return proxy;
};

describe('a message and its answer', () => {
  for (const client of ['http1', 'h2'] as const) {
    for (const backend of ['http1', 'h2'] as const) {
      test(`a client over ${client}, a backend over ${backend}`, async (t) => {
        const proxy = await proxyTo(t, await BACKENDS[backend](t), backend);
        assert.equal(await CLIENTS[client](t, proxy.port), 'HELLO');
      });
    }
  }
});

const HANDSHAKE =
  'GET / HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';

test('the answer to the key of RFC 6455 is the one it gives, whatever an HTTP/2 backend says', async (t) => {
  const backend = await ScriptedBackend.start();
  t.after(() => backend.stop());
  const proxy = await proxyTo(t, backend.port, 'h2');
  const client = await proxy.connect();
  client.send(HANDSHAKE);
  const peer = await H2Peer.accept(await backend.connection(), [8, 1]);
  await peer.fields(1);
  peer.send(
    headers(
      1,
      [
        [':status', '200'],
        ['sec-websocket-accept', 'wrong'],
      ],
      false,
    ),
  );
  const response = await client.readResponse();
  assert.equal(response.status, 101);
  assert.equal(response.header('sec-websocket-accept'), 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
});

test('an HTTP/2 backend that announces no extended CONNECT is not blamed for its answer', async (t) => {
  const backend = await ScriptedBackend.start();
  t.after(() => backend.stop());
  const proxy = await proxyTo(t, backend.port, 'h2');
  const client = await proxy.connect();
  client.send(HANDSHAKE);
  await H2Peer.accept(await backend.connection());
  const response = await client.readResponse();
  assert.equal(response.status, 502);
  assert.match(response.body, /^upgrade_unsupported: The backend uses HTTP\/2/);
  assert.equal(proxy.records[0]?.reason, 'upgrade_unsupported');
});

test('an HTTP/1.1 backend that answers a key of the gateway wrongly is no WebSocket server', async (t) => {
  const { proxy, backend } = await oneBackend(t);
  const peer = await H2Peer.connect(proxy.port);
  t.after(() => peer.raw.destroy());
  peer.send(headers(1, request({ ':method': 'CONNECT', ':protocol': 'websocket' }), false));
  const upstream = await backend.connection();
  await upstream.readThrough('\r\n\r\n');
  upstream.send(
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: wrong\r\n\r\n',
  );
  const { blocks } = await peer.message(1);
  assert.deepEqual(blocks[0]?.[0], [':status', '502']);
});
