/** Windows, both ways and at both ends (RFC 9113 section 5.2): kept, enforced, and passed on as backpressure. Over real sockets. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Filter } from '../../ir/filter.ts';
import { clusterId } from '../../ir/ids.ts';
import {
  CODE,
  SETTING,
  TYPE,
  data,
  headers,
  request,
  rstStream,
  settings,
  windowUpdate,
} from '../../../test/support/h2-frames.ts';
import type { Frame, H2Peer } from '../../../test/support/h2-peer.ts';
import { H2Peer as Peer } from '../../../test/support/h2-peer.ts';
import { dialH2, startPair } from '../../../test/support/h2-proxy.ts';
import type { RawClient } from '../../../test/support/raw-client.ts';

const POST = request({ ':method': 'POST' });
const MIB = 1_048_576;

/** Reads DATA of the stream until `bytes` of it have come. */
async function readBody(peer: H2Peer, streamId: number, bytes: number): Promise<Frame[]> {
  const frames: Frame[] = [];
  for (let left = bytes; left > 0;) {
    const read = await peer.nextOf(TYPE.data, streamId);
    frames.push(read);
    left -= read.payload.length;
  }
  return frames;
}

const sizeOf = (frames: readonly Frame[]): number =>
  frames.reduce((sum, { payload }) => sum + payload.length, 0);

/** The next WINDOW_UPDATE of the stream; null when none comes while a good deal else might. */
async function nextUpdate(peer: H2Peer, streamId: number): Promise<Frame | null> {
  const isUpdate = (read: Frame): boolean => read.type === TYPE.windowUpdate && read.streamId === streamId;
  let update = peer.seen(isUpdate);
  for (let round = 0; round < 200 && update === null; round++) {
    await peer.exchangePings();
    update = peer.seen(isUpdate);
  }
  return update;
}

/** Answers with a body of `length` bytes, as fast as the connection takes it. */
async function answerLong(connection: RawClient, length: number): Promise<void> {
  await connection.readThrough('\r\n\r\n');
  connection.send(`HTTP/1.1 200 OK\r\ncontent-length: ${length}\r\n\r\n`);
  connection.send(Buffer.alloc(length, 'a'));
}

suite('windows of clients', () => {
  test('a body goes out as far as the window allows, and on when it is opened', async (t) => {
    const { proxy, backend } = await startPair(t);
    const peer = await dialH2(t, proxy.port, [SETTING.initialWindowSize, 10]);
    peer.send(headers(1, request(), true));
    const connection = await backend.connection();
    await connection.readThrough('\r\n\r\n');
    connection.send('HTTP/1.1 200 OK\r\ncontent-length: 26\r\n\r\nabcdefghijklmnopqrstuvwxyz');
    assert.equal((await peer.nextOf(TYPE.data, 1)).payload.toString(), 'abcdefghij');
    peer.send(windowUpdate(1, 5));
    assert.equal((await peer.nextOf(TYPE.data, 1)).payload.toString(), 'klmno');
    peer.send(windowUpdate(1, 100));
    const last = await peer.nextOf(TYPE.data, 1);
    assert.equal(last.payload.toString(), 'pqrstuvwxyz');
    assert.equal(last.flags, 1, 'the end comes with the last bytes');
  });

  test('a changed initial window moves the windows of open streams, also below zero', async (t) => {
    const { proxy, backend } = await startPair(t);
    const peer = await dialH2(t, proxy.port, [SETTING.initialWindowSize, 10]);
    peer.send(headers(1, request(), true));
    await answerLong(await backend.connection(), 40);
    assert.equal((await peer.nextOf(TYPE.data, 1)).payload.length, 10);
    // 10 of 3 are sent: the window is at -7.
    peer.send(settings([SETTING.initialWindowSize, 3]), windowUpdate(1, 8));
    assert.equal((await peer.nextOf(TYPE.data, 1)).payload.length, 1);
    peer.send(settings([SETTING.initialWindowSize, 32]));
    assert.equal(sizeOf(await readBody(peer, 1, 29)), 29);
  });

  test('the window of the connection holds for all streams, and they share it', async (t) => {
    const { proxy, backend } = await startPair(t);
    const peer = await dialH2(t, proxy.port, [SETTING.initialWindowSize, 1_000_000]);
    peer.send(headers(1, request(), true), headers(3, request(), true));
    await answerLong(await backend.connection(), 100_000);
    await answerLong(await backend.connection(), 100_000);
    const seen = { 1: 0, 3: 0 };
    for (let left = 65_535; left > 0;) {
      const { streamId, payload } = await peer.next(({ type }) => type === TYPE.data);
      seen[streamId as 1 | 3] += payload.length;
      left -= payload.length;
    }
    peer.send(windowUpdate(0, 200_000 - 65_535));
    await readBody(peer, 1, 100_000 - seen[1]);
    await readBody(peer, 3, 100_000 - seen[3]);
  });

  test('trailers wait for the body before them', async (t) => {
    const { proxy, backend } = await startPair(t);
    const peer = await dialH2(t, proxy.port, [SETTING.initialWindowSize, 2]);
    peer.send(headers(1, request(), true));
    const connection = await backend.connection();
    await connection.readThrough('\r\n\r\n');
    connection.send(
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\nx-sum: 4\r\n\r\n',
    );
    assert.equal((await peer.nextOf(TYPE.data, 1)).payload.toString(), 'ab');
    peer.send(windowUpdate(1, 2));
    const { body, trailers } = await peer.message(1);
    assert.equal(body, 'cd');
    assert.deepEqual(trailers, [['x-sum', '4']]);
  });

  test('a window that stays shut holds the backend, not the memory of the gateway', async (t) => {
    const { proxy, backend } = await startPair(t);
    const peer = await dialH2(t, proxy.port, [SETTING.initialWindowSize, 0]);
    peer.send(headers(1, request(), true));
    const connection = await backend.connection();
    void answerLong(connection, 64 * MIB);
    await peer.fields(1);
    // The kernel's buffers take some MiB; what they do not take waits in the backend, however long the rest goes on.
    await peer.exchangePings(500);
    assert.ok(connection.socket.writableLength > 32 * MIB, `${connection.socket.writableLength} bytes wait`);
  });

  test('a connection may be read slowly', async (t) => {
    const { proxy, backend } = await startPair(t);
    const peer = await dialH2(t, proxy.port, [SETTING.initialWindowSize, 0x7fff_ffff]);
    peer.send(windowUpdate(0, 0x7fff_ffff - 65_535), headers(1, request(), true));
    peer.raw.socket.pause();
    const connection = await backend.connection();
    await answerLong(connection, 20 * MIB);
    peer.raw.socket.resume();
    assert.equal(sizeOf(await readBody(peer, 1, 20 * MIB)), 20 * MIB);
  });

  for (const [what, frames, code] of [
    ['an update of nothing for the connection', [windowUpdate(0, 0)], 'protocolError'],
    ['a connection window beyond its limit', [windowUpdate(0, 0x7fff_ffff)], 'flowControlError'],
    [
      'an initial window beyond its limit',
      [settings([SETTING.initialWindowSize, 0x8000_0000])],
      'flowControlError',
    ],
    [
      'an initial window that moves one of a stream beyond its limit',
      [
        headers(1, POST, false),
        windowUpdate(1, 0x7fff_0000),
        settings([SETTING.initialWindowSize, 0x7fff_ffff]),
      ],
      'flowControlError',
    ],
    ['an update for a stream that never was', [windowUpdate(5, 1)], 'protocolError'],
  ] as const) {
    test(`${what} ends the connection`, async (t) => {
      const { proxy } = await startPair(t);
      const peer = await dialH2(t, proxy.port);
      peer.send(...frames);
      assert.equal((await peer.goneAway()).name, code);
    });
  }

  for (const [what, bytes, code] of [
    ['an update of nothing', 0, CODE.protocolError],
    ['a window beyond its limit', 0x7fff_ffff, CODE.flowControlError],
  ] as const) {
    test(`${what} for a stream ends the stream`, async (t) => {
      const { proxy } = await startPair(t);
      const peer = await dialH2(t, proxy.port);
      peer.send(headers(1, request(), true), windowUpdate(1, bytes));
      assert.equal(await peer.reset(1), code);
    });
  }
});

suite('our windows', () => {
  /** What the server announces of its windows. */
  const STREAM_WINDOW = 262_144;

  test('a body goes on for as long as the backend takes it', async (t) => {
    const { proxy, backend } = await startPair(t);
    const peer = await dialH2(t, proxy.port);
    peer.send(headers(1, POST, false));
    const connection = await backend.connection();
    await connection.readThrough('\r\n\r\n');
    let window = STREAM_WINDOW;
    for (let sent = 0; sent < 2 * MIB;) {
      if (window < 16_384) {
        window += (await peer.nextOf(TYPE.windowUpdate, 1)).payload.readUInt32BE(0);
        continue;
      }
      peer.send(data(1, Buffer.alloc(16_384, 'b')));
      window -= 16_384;
      sent += 16_384;
    }
    peer.send(data(1, '', true));
    await connection.waitFor('\r\n0\r\n\r\n');
  });

  test('a backend that does not read stops the client', async (t) => {
    const { proxy, backend } = await startPair(t);
    const peer = await dialH2(t, proxy.port);
    peer.send(headers(1, POST, false));
    const connection = await backend.connection();
    connection.socket.pause();
    let window = STREAM_WINDOW;
    let sent = 0;
    // The kernel's buffers take some MiB before the sender is paused.
    for (; sent < 64 * MIB; sent += 16_384) {
      if (window < 16_384) {
        const update = await nextUpdate(peer, 1);
        if (update === null) break;
        window += update.payload.readUInt32BE(0);
      }
      peer.send(data(1, Buffer.alloc(16_384, 'b')));
      window -= 16_384;
    }
    assert.ok(sent < 64 * MIB, 'no more windows were opened');
    // Another stream still has the rest of the connection's window.
    peer.send(headers(3, POST, false), data(3, 'c', true));
    const other = await backend.connection();
    await other.waitFor('1\r\nc\r\n0\r\n\r\n');
    connection.socket.resume();
    await connection.waitFor(/b{1000}/);
  });

  test('more than a stream may send ends the connection', async (t) => {
    const { proxy, backend } = await startPair(t);
    const peer = await dialH2(t, proxy.port);
    peer.send(headers(1, POST, false));
    (await backend.connection()).socket.pause();
    peer.raw.socket.on('error', () => undefined);
    for (let sent = 0; sent < 64 * MIB && !peer.raw.closed; sent += 16_384) {
      peer.send(data(1, Buffer.alloc(16_384, 'b')));
      if (sent % MIB === 0) await new Promise(setImmediate);
    }
    assert.equal((await peer.goneAway()).name, 'flowControlError');
  });

  test('more than the connection may send ends it, though each stream keeps its own window', async (t) => {
    const { proxy, backend } = await startPair(t);
    const peer = await dialH2(t, proxy.port);
    // These bodies are not consumed: their exchanges wait for a tunnel that is not opened.
    const tunnel = request({ ':method': 'CONNECT', ':protocol': 'websocket' });
    const chunk = Buffer.alloc(16_384, 'b');
    peer.raw.socket.on('error', () => undefined);
    for (let index = 0; index < 9; index++) {
      const id = index * 2 + 1;
      peer.send(headers(id, tunnel, false), ...Array.from({ length: 16 }, () => data(id, chunk)));
      if (index === 0) await backend.connection();
    }
    assert.equal((await peer.goneAway()).name, 'flowControlError');
  });

  test('what crosses our reset is taken up to the window, and no further', async (t) => {
    const { proxy } = await startPair(t, { limits: { bodyBytes: 10 } });
    const peer = await dialH2(t, proxy.port);
    peer.send(headers(1, [...POST, ['content-length', '11']], false));
    assert.equal(await peer.reset(1), CODE.noError);
    peer.send(...Array.from({ length: 16 }, () => data(1, Buffer.alloc(16_384, 'b'))));
    peer.send(headers(3, request({ ':path': '/..' }), true));
    assert.equal((await peer.message(3)).blocks[0]?.[0]?.[1], '400');
    peer.send(data(1, 'b'));
    assert.equal((await peer.goneAway()).name, 'flowControlError');
  });

  test('what a stream held is given back when it is reset', async (t) => {
    const { proxy } = await startPair(t);
    const peer = await dialH2(t, proxy.port);
    const tunnel = request({ ':method': 'CONNECT', ':protocol': 'websocket' });
    for (let index = 0; index < 40; index++) {
      const id = index * 2 + 1;
      peer.send(
        headers(id, tunnel, false),
        ...Array.from({ length: 8 }, () => data(id, Buffer.alloc(16_384, 'b'))),
      );
      peer.send(rstStream(id, CODE.cancel));
    }
    peer.send(headers(101, request({ ':path': '/..' }), true));
    assert.equal(
      (await peer.message(101)).blocks[0]?.[0]?.[1],
      '400',
      '5 MiB went through a window of 2 MiB',
    );
  });

  test('bytes in the frame that closes a paused stream are given back too', async (t) => {
    const auth: Filter = {
      kind: 'external-auth',
      cluster: clusterId('b'),
      origin: { kind: 'Service', namespace: 'test', name: 'b' },
      protocol: { kind: 'http', pathPrefix: '', allowedRequestHeaders: [], allowedResponseHeaders: [] },
      forwardBodyBytes: 70_000,
    };
    const { proxy } = await startPair(t, { rule: { filters: [auth] } });
    const peer = await dialH2(t, proxy.port);
    const chunk = Buffer.alloc(16_384, 'b');
    // The fourth frame pauses each stream, the fifth makes its body too large for the auth server and ends it.
    for (let index = 0; index < 150; index++) {
      const id = index * 2 + 1;
      const frames = Array.from({ length: 5 }, (_, part) => data(id, chunk, part === 4));
      peer.send(headers(id, POST, false), ...frames);
      assert.equal((await peer.message(id)).blocks[0]?.[0]?.[1], '413', `stream ${id}`);
    }
  });
});

suite('windows of backends', () => {
  test('a request goes out as far as the backend allows; the client is stopped meanwhile', async (t) => {
    const { proxy, backend } = await startPair(t, { protocol: 'h2' });
    const peer = await dialH2(t, proxy.port);
    peer.send(headers(1, POST, false), data(1, 'abcdefghij', true));
    const upstream = await Peer.accept(await backend.connection(), [SETTING.initialWindowSize, 4]);
    await upstream.fields(1);
    assert.equal((await upstream.nextOf(TYPE.data, 1)).payload.toString(), 'abcd');
    upstream.send(windowUpdate(1, 3));
    assert.equal((await upstream.nextOf(TYPE.data, 1)).payload.toString(), 'efg');
    upstream.send(settings([SETTING.initialWindowSize, 100]));
    const last = await upstream.nextOf(TYPE.data, 1);
    assert.equal(last.payload.toString(), 'hij');
    assert.equal(last.flags, 1);
  });

  test('a client that does not read stalls its own stream, and not those of others', async (t) => {
    const { proxy, backend } = await startPair(t, { protocol: 'h2' });
    const slow = await dialH2(t, proxy.port, [SETTING.initialWindowSize, 0]);
    const quick = await dialH2(t, proxy.port);
    const ids = Array.from({ length: 40 }, (_, index) => index * 2 + 1);
    slow.send(...ids.map((id) => headers(id, request(), true)));
    const upstream = await Peer.accept(await backend.connection());
    for (const id of ids) {
      await upstream.fields(id);
      upstream.send(headers(id, [[':status', '200']], false));
      // All that the stream's window allows.
      upstream.send(...Array.from({ length: 16 }, () => data(id, Buffer.alloc(16_384, 'c'))));
    }
    quick.send(headers(1, request(), true));
    const last = (ids.at(-1) ?? 0) + 2;
    await upstream.fields(last);
    upstream.send(headers(last, [[':status', '200']], false), data(last, 'through', true));
    assert.equal((await quick.message(1)).body, 'through');
  });
});
