/** Requests that an HTTP/2 backend gives back without having processed them (RFC 9113 section 8.7). */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { CODE, data, goAway, headers, request, rstStream } from '../../../test/support/h2-frames.ts';
import { H2Peer } from '../../../test/support/h2-peer.ts';
import { dialH2, startPair } from '../../../test/support/h2-proxy.ts';
import type { Field } from '../../../test/support/reference-hpack.ts';

const H2 = { protocol: 'h2' } as const;
const OK: Field[] = [[':status', '200']];

suite('unseen requests', () => {
  for (const [how, giveBack] of [
    ['REFUSED_STREAM', rstStream(1, CODE.refusedStream)],
    ['GOAWAY', goAway(0, CODE.noError)],
  ] as const) {
    test(`a request that ${how} gives back unseen is sent again with its small body, without a retry policy`, async (t) => {
      const { proxy, backend } = await startPair(t, H2);
      const peer = await dialH2(t, proxy.port);
      peer.send(headers(1, request({ ':method': 'POST' }), false), data(1, 'call', true));
      const first = await H2Peer.accept(await backend.connection());
      assert.equal((await first.message(1)).body, 'call');
      first.send(giveBack);
      const isSame = how === 'REFUSED_STREAM';
      const second = isSame ? first : await H2Peer.accept(await backend.connection());
      const id = isSame ? 3 : 1;
      assert.equal((await second.message(id)).body, 'call');
      second.send(headers(id, OK, true));
      assert.equal((await peer.message(1)).blocks[0]?.[0]?.[1], '200');
    });
  }

  test('a body that is too large to be kept is not sent again', async (t) => {
    const { proxy, backend } = await startPair(t, H2);
    const peer = await dialH2(t, proxy.port);
    peer.send(headers(1, request({ ':method': 'POST' }), false));
    const upstream = await H2Peer.accept(await backend.connection());
    peer.send(data(1, Buffer.alloc(16_384, 'b')), data(1, 'b', true));
    await upstream.message(1);
    upstream.send(rstStream(1, CODE.refusedStream));
    assert.equal((await peer.message(1)).blocks[0]?.[0]?.[1], '502');
    assert.equal(proxy.records[0]?.reason, 'upstream_reset');
  });
});
