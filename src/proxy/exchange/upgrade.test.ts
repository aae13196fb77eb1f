/** Upgrades: tunnels that carry bytes both ways, and requests that only pretend. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import type { AddressInfo } from 'node:net';
import { testBackend, testConfig } from '../../../test/support/gateway-config.ts';
import { TestProxy, oneBackend } from '../../../test/support/test-proxy.ts';

const UPGRADE =
  'GET /chat HTTP/1.1\r\nHost: a.example\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\n\r\n';
const SWITCHING = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

describe('tunnels', () => {
  test('bytes pass both ways as they are, from the first one after the heads', async (t) => {
    const { proxy, backend } = await oneBackend(t);
    const client = await proxy.connect();
    client.send(`${UPGRADE}early`);
    const upstream = await backend.connection();
    const head = await upstream.readThrough('\r\n\r\n');
    assert.match(head, /^connection: upgrade\r$/im);
    assert.match(head, /^upgrade: websocket\r$/im);
    assert.equal(upstream.received, '', 'nothing before the tunnel is agreed on');
    upstream.send(`${SWITCHING}\x81\x02hi`);
    assert.equal((await client.readResponse()).status, 101);
    assert.equal((await client.readBytes(4)).toString('latin1'), '\x81\x02hi');
    assert.equal((await upstream.readBytes(5)).toString(), 'early');
    client.send('GET /smuggled HTTP/1.1\r\n\r\n');
    await upstream.waitFor('GET /smuggled HTTP/1.1\r\n\r\n');
    assert.equal(backend.connections.length, 1);
  });

  test('each direction ends by itself', async (t) => {
    const { proxy, backend } = await oneBackend(t);
    const client = await proxy.connect();
    client.send(UPGRADE);
    const upstream = await backend.connection();
    await upstream.readThrough('\r\n\r\n');
    upstream.send(SWITCHING);
    await client.readResponse();
    client.send('last words');
    client.end();
    await upstream.waitFor('last words');
    await upstream.waitForEnd();
    upstream.send('and an answer');
    await client.waitFor('and an answer');
    upstream.end();
    await client.waitForClose();
    assert.deepEqual(
      proxy.records.map(({ status, reason }) => ({ status, reason })),
      [{ status: 101, reason: null }],
    );
    assert.equal(proxy.proxy.stats().downstream.activeRequests, 0);
  });

  test('the backend may end first', async (t) => {
    const { proxy, backend } = await oneBackend(t);
    const client = await proxy.connect();
    client.send(UPGRADE);
    const upstream = await backend.connection();
    await upstream.readThrough('\r\n\r\n');
    upstream.send(`${SWITCHING}bye`);
    upstream.end();
    await client.waitFor('bye');
    await client.waitForEnd();
    client.send('one more');
    await upstream.waitFor('one more');
    client.end();
    await upstream.waitForClose();
  });

  test('a client that goes away takes its tunnel with it', async (t) => {
    const { proxy, backend } = await oneBackend(t);
    const client = await proxy.connect();
    client.send(UPGRADE);
    const upstream = await backend.connection();
    await upstream.readThrough('\r\n\r\n');
    upstream.send(SWITCHING);
    await client.readResponse();
    client.socket.resetAndDestroy();
    await upstream.waitForEnd();
  });

  test('the request timeout does not end a tunnel', async (t) => {
    const { proxy, backend } = await oneBackend(t, {
      rule: { timeouts: { requestMs: 100, backendRequestMs: 100, streamIdleMs: 100 } },
    });
    const client = await proxy.connect();
    client.send(UPGRADE);
    const upstream = await backend.connection();
    await upstream.readThrough('\r\n\r\n');
    upstream.send(SWITCHING);
    await client.readResponse();
    await new Promise((resolve) => setTimeout(resolve, 400));
    client.send('still here');
    await upstream.waitFor('still here');
  });
});

describe('no tunnel', () => {
  test('the backend declines: an ordinary answer, and the bytes after the request are a request', async (t) => {
    const { proxy, backend } = await oneBackend(t);
    const client = await proxy.connect();
    client.send(`${UPGRADE}GET /next HTTP/1.1\r\nHost: a.example\r\n\r\n`);
    const first = await backend.connection();
    await first.readThrough('\r\n\r\n');
    first.send('HTTP/1.1 426 Upgrade Required\r\ncontent-length: 0\r\n\r\n');
    assert.equal((await client.readResponse()).status, 426);
    const second = await backend.connection();
    const head = await second.readThrough('\r\n\r\n');
    assert.ok(head.startsWith('GET /next HTTP/1.1\r\n'), head);
    assert.match(head, /^x-forwarded-for: 127\.0\.0\.1\r$/m);
  });

  test('101 with another protocol than was asked for: 502', async (t) => {
    const { proxy, backend } = await oneBackend(t);
    const client = await proxy.connect();
    client.send(UPGRADE);
    const upstream = await backend.connection();
    await upstream.readThrough('\r\n\r\n');
    upstream.send(SWITCHING.replace('websocket', 'other'));
    assert.equal((await client.readResponse()).status, 502);
  });

  for (const protocol of ['h2c', 'h2', 'TLS/1.2', 'HTTP/2.0', 'websocket, h2c']) {
    test(`Upgrade: ${protocol} is not passed on`, async (t) => {
      const { proxy, backend } = await oneBackend(t);
      const client = await proxy.connect();
      client.send(UPGRADE.replace('Upgrade: websocket', `Upgrade: ${protocol}`));
      const head = await (await backend.connection()).readThrough('\r\n\r\n');
      assert.doesNotMatch(head, /^(?:upgrade|connection):/im);
    });
  }

  test('Upgrade without the Connection option is not passed on', async (t) => {
    const { proxy, backend } = await oneBackend(t);
    const client = await proxy.connect();
    client.send(UPGRADE.replace('keep-alive, Upgrade', 'keep-alive'));
    const head = await (await backend.connection()).readThrough('\r\n\r\n');
    assert.doesNotMatch(head, /^(?:upgrade|connection):/im);
  });
});

test('real WebSocket peers talk through it, in messages of all sizes', async (t) => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  server.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const proxy = await TestProxy.start(
    testConfig({ rules: [{ backends: [testBackend('a')] }], endpoints: { a: [port] } }),
  );
  t.after(async () => {
    await proxy.stop();
    server.close();
  });
  const socket = new WebSocket(`ws://127.0.0.1:${proxy.port}/chat`);
  await new Promise((resolve) => socket.once('open', resolve));
  for (const size of [0, 1, 125, 126, 65_535, 65_536, 1_000_000]) {
    const sent = Buffer.alloc(size, size % 251);
    socket.send(sent);
    const received = await new Promise<Buffer>((resolve) => {
      socket.once('message', (data) => resolve(data as Buffer));
    });
    assert.ok(received.equals(sent), `${size} bytes`);
  }
  socket.close(1000);
  await new Promise((resolve) => socket.once('close', resolve));
});
