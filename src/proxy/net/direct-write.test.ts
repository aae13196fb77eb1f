import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import { DirectSocket } from './direct-write.ts';
import { USES_NODE_INTERNALS } from './node-internals.ts';

/** More than the kernel takes of a connection whose peer does not read. */
const LARGE = Buffer.alloc(16 * 1_048_576, 'abcdefg');

interface Pair {
  readonly socket: DirectSocket;
  /** The other end; it is not read before somebody does. */
  readonly peer: Socket;
}

async function connected(t: TestContext): Promise<Pair> {
  const server = createServer({ pauseOnConnect: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = new DirectSocket();
  socket.connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [[peer]] = (await Promise.all([once(server, 'connection'), once(socket, 'connect')])) as [
    [Socket],
    [],
  ];
  t.after(() => {
    socket.destroy();
    peer.destroy();
    server.close();
  });
  return { socket, peer };
}

test('a small write is taken at once, past the stream', async (t) => {
  const { socket, peer } = await connected(t);
  // The pinned Node has what direct writes need; this fails when another one is pinned that does not.
  const write = t.mock.method(socket, 'write');
  assert.equal(socket.writeNow(Buffer.from('hello')), true);
  assert.equal(write.mock.callCount(), USES_NODE_INTERNALS ? 0 : 1);
  assert.equal(socket.waitingBytes, 0);
  socket.end();
  assert.equal((await buffer(peer)).toString(), 'hello');
});

test('what the kernel does not take at once is waited for, and what follows stays behind it', async (t) => {
  const { socket, peer } = await connected(t);
  assert.equal(socket.writeNow(LARGE), false);
  assert.equal(socket.waitingBytes, USES_NODE_INTERNALS ? LARGE.length : 0);
  assert.equal(socket.writeNow(Buffer.from('second')), false);
  socket.write('third');
  const drained = once(socket, 'drain');
  socket.end('end');
  const received = await buffer(peer);
  // A stream that is ending says no more that it has drained.
  if (USES_NODE_INTERNALS) await drained;
  assert.equal(socket.waitingBytes, 0);
  assert.ok(received.equals(Buffer.concat([LARGE, Buffer.from('secondthirdend')])));
});

test('the socket can be written to directly again afterwards', async (t) => {
  const { socket, peer } = await connected(t);
  assert.equal(socket.writeNow(LARGE), false);
  const received = buffer(peer);
  await once(socket, 'drain');
  assert.equal(socket.writeNow(Buffer.from('again')), true);
  socket.end();
  assert.equal((await received).length, LARGE.length + 5);
});

test('a socket that is destroyed while a write waits closes, and nothing else comes', async (t) => {
  const { socket } = await connected(t);
  const events: string[] = [];
  for (const event of ['error', 'drain']) socket.on(event, () => events.push(event));
  assert.equal(socket.writeNow(LARGE), false);
  const closed = once(socket, 'close');
  socket.destroy();
  await closed;
  await new Promise(setImmediate);
  assert.equal(socket.waitingBytes, 0);
  assert.deepEqual(events, []);
});

test('a peer that resets the connection is an error, for the write that waits and for the next', async (t) => {
  const { socket, peer } = await connected(t);
  assert.equal(socket.writeNow(LARGE), false);
  const failed = once(socket, 'error') as Promise<[Error]>;
  peer.resetAndDestroy();
  const [error] = await failed;
  assert.match(error.message, /ECONNRESET|EPIPE|write failed/);
  assert.equal(socket.destroyed, true);
});

test('before it is connected, writes wait for the connection', async (t) => {
  const server = createServer((peer) => peer.pipe(peer));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = new DirectSocket();
  t.after(() => {
    socket.destroy();
    server.close();
  });
  socket.connect((server.address() as AddressInfo).port, '127.0.0.1');
  assert.equal(socket.writeNow(Buffer.from('early')), false);
  const [echo] = (await once(socket, 'data')) as [Buffer];
  assert.equal(echo.toString(), 'early');
});
