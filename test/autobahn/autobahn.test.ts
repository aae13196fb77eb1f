/** WebSocket as Autobahn reads RFC 6455, through the gateway: no case comes out otherwise than at the echo server itself. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { changed, compare, tally } from './echo-through-proxy.ts';
import { installWstest } from './wstest.ts';

/**
 * A sample of what each class asks for. Left to `node test/autobahn/main.ts`: the other hundred cases of UTF-8 and two hundred of compression,
 * which differ in what an echo server does and not in what a gateway sees, and 9, sizes and times of large messages.
 */
const CASES = [
  ...['1.*', '2.*', '3.*', '4.*', '5.*', '6.1.*', '6.2.*', '6.3.*', '6.4.*', '7.*', '10.*'],
  ...['12.1.1', '12.1.2', '12.1.3', '13.1.1', '13.2.1', '13.3.1'],
];
const CASE_COUNT = 121;

suite('Autobahn', () => {
  test('no case comes out otherwise through the gateway', { timeout: 230_000 }, async (t) => {
    const wstest = await installWstest();
    if (wstest.kind === 'missing') {
      t.skip(wstest.why);
      return;
    }
    const comparison = await compare(wstest.tool, { cases: CASES, exclude: [] });
    assert.equal(comparison.direct.size, CASE_COUNT);
    assert.deepEqual(changed(comparison), []);
    const failed = Object.keys(tally(comparison.through)).filter((verdict) => /FAILED|UNCLEAN/.test(verdict));
    assert.deepEqual(failed, []);
  });
});
