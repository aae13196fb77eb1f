import assert from 'node:assert/strict';
import { BlockList } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatIp } from '../../../lib/ip-address.ts';
import { AddressPrefix } from './address-prefix.ts';

const bytes = (length: number): fc.Arbitrary<string> =>
  fc
    .array(fc.oneof(fc.constant(0), fc.nat(255)), { minLength: length, maxLength: length })
    .map((list) => formatIp(list));
/** Two addresses that share some first bits. */
const pair = (length: number): fc.Arbitrary<readonly [string, string]> =>
  fc.tuple(bytes(length), bytes(length), fc.boolean()).map(([a, b, same]) => [a, same ? a : b]);

for (const [family, length, type] of [
  ['v4', 4, 'ipv4'],
  ['v6', 16, 'ipv6'],
] as const) {
  test(`addresses have one key if and only if they are in one network (${type})`, () => {
    fc.assert(
      fc.property(pair(length), fc.integer({ min: 1, max: length * 8 }), ([a, b], bits) => {
        fc.pre(!a.startsWith('::ffff:') && !b.startsWith('::ffff:'));
        const prefix = new AddressPrefix({ v4: 32, v6: 64, [family]: bits });
        const network = new BlockList();
        network.addSubnet(a, bits, type);
        assert.equal(prefix.of(a) === prefix.of(b), network.check(b, type), `${a} ${b} /${String(bits)}`);
      }),
    );
  });
}

test('an IPv4-mapped address has the key of the IPv4 address', () => {
  const prefix = new AddressPrefix({ v4: 32, v6: 64 });
  assert.equal(prefix.of('::ffff:192.0.2.7'), prefix.of('192.0.2.7'));
  const wide = new AddressPrefix({ v4: 24, v6: 64 });
  assert.equal(wide.of('::ffff:192.0.2.7'), wide.of('192.0.2.9'));
});

test('what is no address is its own key', () => {
  assert.equal(new AddressPrefix({ v4: 24, v6: 64 }).of('unknown'), 'unknown');
});
