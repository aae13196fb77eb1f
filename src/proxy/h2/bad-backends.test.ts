/** Backends that do not answer well over HTTP/2: what reaches the client, and whether the connection is kept. Over real sockets. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  CODE,
  FLAG,
  TYPE,
  data,
  frame,
  headers,
  headersOf,
  ping,
  request,
  rstStream,
  uint32,
} from '../../../test/support/h2-frames.ts';
import { H2Peer } from '../../../test/support/h2-peer.ts';
import { dialH2, startPair } from '../../../test/support/h2-proxy.ts';
import type { Field } from '../../../test/support/reference-hpack.ts';

const GET = 'GET /a?b=c HTTP/1.1\r\nHost: a.example\r\n\r\n';
const OK: readonly Field[] = [[':status', '200']];
const H2 = { protocol: 'h2' } as const;

suite('backends that do not answer well over HTTP/2', () => {
  const malformed: readonly (readonly [string, (id: number) => readonly Buffer[]])[] = [
    ['no status', (id) => [headers(id, [['x', 'y']], true)]],
    ['a status that is none', (id) => [headers(id, [[':status', '099']], true)]],
    ['a status with a sign', (id) => [headers(id, [[':status', '+20']], true)]],
    ['a status twice', (id) => [headers(id, [...OK, ...OK], true)]],
    ['a status after a field', (id) => [headers(id, [['x', 'y'], ...OK], true)]],
    ['101', (id) => [headers(id, [[':status', '101']], false)]],
    ['an informational answer that ends', (id) => [headers(id, [[':status', '103']], true)]],
    [
      'informational answers without end',
      (id) => Array.from({ length: 40 }, () => headers(id, [[':status', '103']], false)),
    ],
    ['a pseudo-header field of requests', (id) => [headers(id, [...OK, [':path', '/']], true)]],
    ['a connection-level field', (id) => [headers(id, [...OK, ['connection', 'close']], true)]],
    ['an upper-case name', (id) => [headers(id, [...OK, ['X', 'y']], true)]],
    ['CR LF in a value', (id) => [headers(id, [...OK, ['x', 'y\r\nz: a']], true)]],
    ['a length that is none', (id) => [headers(id, [...OK, ['content-length', '1,1']], false)]],
    ['a length without body', (id) => [headers(id, [...OK, ['content-length', '1']], true)]],
    [
      'a list beyond the limit',
      (id) => [headers(id, [...OK, ...Array.from({ length: 300 }, (): Field => ['x', 'y'])], true)],
    ],
    ['data before the head', (id) => [data(id, 'a')]],
  ];
  for (const [what, answer] of malformed) {
    test(`${what}: 502, and the connection stays`, async (t) => {
      const { proxy, backend } = await startPair(t, H2);
      const client = await proxy.connect();
      t.after(() => client.destroy());
      client.send(GET);
      const upstream = await H2Peer.accept(await backend.connection());
      await upstream.fields(1);
      upstream.send(...answer(1));
      let { status } = await client.readResponse();
      while (status < 200) ({ status } = await client.readResponse());
      assert.equal(status, 502);
      assert.equal(proxy.records[0]?.reason, 'upstream_invalid');
      await upstream.reset(1);
      client.send(GET);
      await upstream.fields(3);
    });
  }

  for (const [what, frames] of [
    ['longer than its length', [data(1, 'abcd')]],
    ['shorter than its length', [data(1, 'ab', true)]],
    ['shorter than its length, with trailers', [data(1, 'ab'), headers(1, [['x', 'y']], true)]],
    ['with malformed trailers', [data(1, 'abc'), headers(1, [[':status', '200']], true)]],
    ['with trailers that do not end', [data(1, 'abc'), headers(1, [['x', 'y']], false)]],
  ] as const) {
    test(`a body ${what} breaks the answer off`, async (t) => {
      const { proxy, backend } = await startPair(t, H2);
      const peer = await dialH2(t, proxy.port);
      peer.send(headers(1, request(), true));
      const upstream = await H2Peer.accept(await backend.connection());
      await upstream.fields(1);
      upstream.send(headers(1, [...OK, ['content-length', '3']], false), ...frames);
      assert.equal((await peer.message(1)).reset, CODE.internalError);
    });
  }

  test('a body to HEAD', async (t) => {
    const { proxy, backend } = await startPair(t, H2);
    const peer = await dialH2(t, proxy.port);
    peer.send(headers(1, request({ ':method': 'HEAD' }), true));
    const upstream = await H2Peer.accept(await backend.connection());
    await upstream.fields(1);
    upstream.send(headers(1, OK, false), data(1, 'a', true));
    await upstream.reset(1);
    assert.equal((await peer.message(1)).body, '');
  });

  test('a reset before the head is an error of the gateway, one after it breaks off', async (t) => {
    const { proxy, backend } = await startPair(t, H2);
    const peer = await dialH2(t, proxy.port);
    const post = request({ ':method': 'POST' });
    peer.send(headers(1, post, true), headers(3, post, true));
    const upstream = await H2Peer.accept(await backend.connection());
    await upstream.fields(1);
    await upstream.fields(3);
    upstream.send(rstStream(1, CODE.internalError), headers(3, OK, false), data(3, 'a'));
    upstream.send(rstStream(3, CODE.internalError));
    assert.equal((await peer.message(1)).blocks[0]?.[0]?.[1], '502');
    const broken = await peer.message(3);
    assert.deepEqual([broken.body, broken.reset], ['a', CODE.internalError]);
  });

  for (const [what, frames, code] of [
    ['a push', [frame(TYPE.pushPromise, FLAG.endHeaders, 1, uint32(2))], 'protocolError'],
    ['a stream of its own', [headers(2, OK, true)], 'protocolError'],
    ['an answer to nothing', [headers(9, OK, true)], 'protocolError'],
    ['a flood of pings', Array.from({ length: 3_000 }, () => ping()), 'enhanceYourCalm'],
    ['a compression error', [headersOf(1, Buffer.of(0xff, 0xff, 0xff, 0xff), true)], 'compressionError'],
    ['a frame that is too large', [frame(TYPE.data, 0, 1, Buffer.alloc(16_385))], 'frameSizeError'],
  ] as const) {
    test(`${what} ends the connection`, async (t) => {
      const { proxy, backend } = await startPair(t, H2);
      const client = await proxy.connect();
      t.after(() => client.destroy());
      client.send('POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 0\r\n\r\n');
      const upstream = await H2Peer.accept(await backend.connection());
      await upstream.fields(1);
      upstream.raw.socket.on('error', () => undefined);
      upstream.send(...frames);
      assert.equal((await upstream.goneAway()).name, code);
      assert.equal((await client.readResponse()).status, 502);
      client.send(GET);
      await H2Peer.accept(await backend.connection());
    });
  }
});
