/**
 * What a peer may make us do for nothing is bounded, and ends in GOAWAY(ENHANCE_YOUR_CALM). Each flood is sent whole, without reading;
 * an engine without the defence would take all of it.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  CODE,
  FLAG,
  SETTING,
  TYPE,
  data,
  frame,
  goAway,
  headers,
  headersOf,
  ping,
  priority,
  request,
  rstStream,
  settings,
  settingsAck,
  uint32,
  windowUpdate,
} from '../../../test/support/h2-frames.ts';
import type { H2Peer } from '../../../test/support/h2-peer.ts';
import { dialH2, startPair } from '../../../test/support/h2-proxy.ts';
import { encodePlainly, integer } from '../../../test/support/reference-hpack.ts';
import { answering } from '../../../test/support/scripted-backend.ts';

const POST = request({ ':method': 'POST' });
const idOf = (index: number): number => index * 2 + 1;

/** Frames of the `index`th round. */
type Round = (index: number) => readonly Buffer[];

interface Flood {
  readonly name: string;
  readonly rounds: number;
  /** Sent once, before the rounds. */
  readonly before?: readonly Buffer[];
  readonly round: Round;
}

const openStream = headers(1, POST, false);

const FLOODS: readonly Flood[] = [
  {
    name: 'rapid reset (CVE-2023-44487)',
    rounds: 2_000,
    round: (index) => [headers(idOf(index), request(), true), rstStream(idOf(index), CODE.cancel)],
  },
  {
    name: 'rapid reset, each request with some body',
    rounds: 2_000,
    round: (index) => [
      headers(idOf(index), POST, false),
      ...Array.from({ length: 6 }, () => data(idOf(index), 'a')),
      rstStream(idOf(index), CODE.cancel),
    ],
  },
  {
    name: 'made to reset by a window update of nothing (CVE-2025-8671)',
    rounds: 2_000,
    round: (index) => [headers(idOf(index), request(), true), windowUpdate(idOf(index), 0)],
  },
  {
    name: 'made to reset by a window beyond its limit',
    rounds: 2_000,
    round: (index) => [headers(idOf(index), request(), true), windowUpdate(idOf(index), 0x7fff_ffff)],
  },
  {
    name: 'made to reset by a body beyond its length',
    rounds: 2_000,
    round: (index) => [
      headers(idOf(index), [...POST, ['content-length', '1']], false),
      data(idOf(index), 'ab'),
    ],
  },
  {
    name: 'made to reset by a priority on itself',
    rounds: 2_000,
    round: (index) => [headers(idOf(index), request(), true), priority(idOf(index), idOf(index))],
  },
  {
    name: 'made to reset by data after the end',
    rounds: 2_000,
    round: (index) => [headers(idOf(index), request(), true), data(idOf(index), 'a')],
  },
  {
    name: 'made to reset by trailers that do not end',
    rounds: 2_000,
    round: (index) => [headers(idOf(index), POST, false), headers(idOf(index), [['a', 'b']], false)],
  },
  {
    name: 'malformed requests',
    rounds: 2_000,
    round: (index) => [headers(idOf(index), [['x', 'y']], true)],
  },
  {
    name: 'requests that can only be refused',
    rounds: 3_000,
    round: (index) => [headers(idOf(index), request({ ':path': '/..' }), true)],
  },
  {
    name: 'more streams than allowed',
    rounds: 2_000,
    round: (index) => [headers(idOf(index), POST, false)],
  },
  {
    name: 'CONTINUATION without end (CVE-2024-27316)',
    rounds: 200,
    before: [frame(TYPE.headers, 0, 1, encodePlainly(request()))],
    round: () => [frame(TYPE.continuation, 0, 1, Buffer.alloc(16_000, encodePlainly([['a', 'b']])))],
  },
  {
    name: 'CONTINUATION without end and without payload',
    rounds: 5_000,
    before: [frame(TYPE.headers, 0, 1, encodePlainly(request()))],
    round: () => [frame(TYPE.continuation, 0, 1)],
  },
  { name: 'SETTINGS', rounds: 5_000, round: () => [settings([SETTING.initialWindowSize, 65_535])] },
  { name: 'SETTINGS acknowledgments', rounds: 5_000, round: () => [settingsAck()] },
  {
    name: 'large SETTINGS',
    rounds: 500,
    round: () => [
      settings(...Array.from({ length: 2_000 }, () => [SETTING.maxConcurrentStreams, 1] as const)),
    ],
  },
  { name: 'PING (CVE-2019-9512)', rounds: 5_000, round: () => [ping()] },
  { name: 'PING acknowledgments', rounds: 5_000, round: () => [ping('unasked?', FLAG.ack)] },
  { name: 'PRIORITY (CVE-2019-9513)', rounds: 5_000, round: (index) => [priority(idOf(index), 0)] },
  {
    name: 'DATA without payload (CVE-2019-9518)',
    rounds: 5_000,
    before: [openStream],
    round: () => [data(1, '')],
  },
  {
    name: 'DATA that is all padding',
    rounds: 5_000,
    before: [openStream],
    round: () => [frame(TYPE.data, FLAG.padded, 1, Buffer.from([2, 0, 0]))],
  },
  { name: 'WINDOW_UPDATE of the connection', rounds: 5_000, round: () => [windowUpdate(0, 1)] },
  {
    name: 'WINDOW_UPDATE of a stream',
    rounds: 5_000,
    before: [openStream],
    round: () => [windowUpdate(1, 1)],
  },
  {
    name: 'WINDOW_UPDATE of a stream that is over',
    rounds: 5_000,
    before: [openStream, rstStream(1, CODE.cancel)],
    round: () => [windowUpdate(1, 1)],
  },
  {
    name: 'RST_STREAM of a stream that is over',
    rounds: 5_000,
    before: [openStream, rstStream(1, CODE.cancel)],
    round: () => [rstStream(1, CODE.cancel)],
  },
  {
    name: 'DATA for a stream that is over',
    rounds: 5_000,
    before: [openStream, rstStream(1, CODE.cancel)],
    round: () => [data(1, 'a')],
  },
  { name: 'GOAWAY', rounds: 5_000, round: () => [goAway(0, CODE.noError)] },
  { name: 'frames of unknown types', rounds: 5_000, round: () => [frame(0xbe, 0, 0, uint32(1))] },
  {
    name: 'heads beyond the limit, a few bytes each (HPACK bomb)',
    rounds: 2_000,
    // One large entry, and blocks that only refer to it.
    before: [
      headersOf(
        1,
        Buffer.concat([
          encodePlainly(request()),
          Buffer.of(0x40, 1, 0x78),
          integer(0, 7, 4_000),
          Buffer.alloc(4_000, 'a'),
        ]),
        true,
      ),
    ],
    round: (index) => [headersOf(idOf(index + 1), Buffer.alloc(40, 0x80 + 62), true)],
  },
];

async function flood(peer: H2Peer, { before = [], rounds, round }: Flood): Promise<void> {
  peer.raw.socket.on('error', () => undefined);
  peer.send(...before);
  for (let index = 0; index < rounds; index++) peer.send(...round(index));
  assert.equal((await peer.goneAway()).name, 'enhanceYourCalm');
  await peer.raw.waitForEnd();
}

suite('floods of clients', () => {
  for (const each of FLOODS) {
    test(each.name, async (t) => {
      const { proxy, backend } = await startPair(t);
      await flood(await dialH2(t, proxy.port), each);
      // A few hundred requests may have got through to backends before it was clear what this is.
      assert.ok(backend.connections.length <= 600, `${backend.connections.length} connections`);
      const { activeRequests } = proxy.proxy.stats().downstream;
      assert.equal(activeRequests, 0, 'nothing goes on for a connection that is over');
    });
  }

  test('new streams after GOAWAY', async (t) => {
    const { proxy } = await startPair(t);
    const peer = await dialH2(t, proxy.port);
    peer.send(headers(1, request(), true));
    void proxy.proxy.drain(10_000);
    await peer.goneAway();
    const { payload } = await peer.nextOf(TYPE.ping, 0);
    peer.send(frame(TYPE.ping, FLAG.ack, 0, payload));
    await peer.goneAway();
    await flood(peer, {
      name: '',
      rounds: 2_000,
      round: (index) => [headers(idOf(index + 1), request(), true)],
    });
  });

  test('answers that are never read', async (t) => {
    const { proxy } = await startPair(t, { script: answering('', `x-large: ${'a'.repeat(20_000)}\r\n`) });
    const peer = await dialH2(t, proxy.port);
    const { socket } = peer.raw;
    socket.pause();
    socket.on('error', () => undefined);
    // It goes on as if it had read, never with more streams than allowed: 2,000 of these answers are 40 MB.
    const isOver = (): boolean => proxy.proxy.stats().downstream.openConnections === 0;
    for (let sent = 0; sent < 2_000 && !isOver();) {
      for (let index = 0; index < 50; index++) peer.send(headers(idOf(sent++), request(), true));
      while (proxy.records.length < sent && !isOver()) await new Promise(setImmediate);
    }
    assert.ok(isOver());
    assert.ok(proxy.records.length < 500, 'and was over soon');
  });
});

suite('what is no flood', () => {
  test('a client that updates windows, pings and reprioritises with every request', async (t) => {
    const { proxy } = await startPair(t, { script: answering('body') });
    const peer = await dialH2(t, proxy.port);
    for (let index = 0; index < 2_000; index++) {
      const id = idOf(index);
      peer.send(headers(id, request(), true), priority(id, 0), windowUpdate(0, 4), ping());
      assert.equal((await peer.message(id)).body, 'body');
      await peer.nextOf(TYPE.ping, 0);
    }
  });

  test('a client that gives up on every other request', async (t) => {
    const { proxy } = await startPair(t, { script: answering('body') });
    const peer = await dialH2(t, proxy.port);
    for (let index = 0; index < 2_000; index += 2) {
      peer.send(
        headers(idOf(index), request(), true),
        rstStream(idOf(index), CODE.cancel),
        headers(idOf(index + 1), request(), true),
      );
      assert.equal((await peer.message(idOf(index + 1))).body, 'body');
    }
  });

  test('a client that ends every answer when it has begun', async (t) => {
    const { proxy } = await startPair(t, {
      script: async (connection) => {
        await connection.readThrough('\r\n\r\n');
        connection.send('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n');
      },
    });
    const peer = await dialH2(t, proxy.port);
    for (let index = 0; index < 1_000; index++) {
      peer.send(headers(idOf(index), request(), true));
      await peer.nextOf(TYPE.data, idOf(index));
      peer.send(rstStream(idOf(index), CODE.cancel));
    }
    peer.send(ping());
    await peer.nextOf(TYPE.ping, 0);
  });
});
