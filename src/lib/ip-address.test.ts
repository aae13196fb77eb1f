import assert from 'node:assert/strict';
import { SocketAddress, isIP } from 'node:net';
import test from 'node:test';
import fc from 'fast-check';
import { formatIp, mapIp, parseIp, unmapIp } from './ip-address.ts';

const BYTE = fc.oneof(fc.constant(0), fc.nat(255));
const bytesOf = (length: number): fc.Arbitrary<number[]> =>
  fc.array(BYTE, { minLength: length, maxLength: length });

test('what is written is what the platform writes, and is read back', () => {
  fc.assert(
    fc.property(fc.oneof(bytesOf(4), bytesOf(16)), (bytes) => {
      const text = formatIp(bytes);
      const family = bytes.length === 4 ? 'ipv4' : 'ipv6';
      // inet_ntop writes ::1.2.3.4 for the deprecated IPv4-compatible form; RFC 5952 does not.
      const compatible = family === 'ipv6' && bytes.slice(0, 12).every((byte) => byte === 0);
      if (!compatible) assert.equal(text, new SocketAddress({ address: text, family }).address);
      assert.deepEqual(parseIp(text), unmapIp(bytes));
    }),
  );
});

test('reads every form of IPv6 that the platform reads', () => {
  for (const text of [
    '::',
    '::1',
    '1::',
    '2001:DB8::1',
    '1:2:3:4:5:6:7::',
    '::2:3:4:5:6:7:8',
    '64:ff9b::1.2.3.4',
  ]) {
    const bytes = parseIp(text);
    assert.ok(bytes !== null && isIP(text) === 6, text);
    assert.equal(
      formatIp(bytes),
      new SocketAddress({ address: text, family: 'ipv6' }).address.replace(
        '64:ff9b::1.2.3.4',
        '64:ff9b::102:304',
      ),
    );
  }
});

test('refuses what the platform refuses, and zones', () => {
  const texts = [
    '',
    '1.2.3',
    '1.2.3.4.',
    '01.2.3.4',
    '256.1.1.1',
    '1.2.3.4:80',
    '[::1]',
    ':',
    ':::',
    '1::2::3',
  ];
  texts.push(
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '12345::',
    'g::',
    '1.2.3.4::',
    '::1.2.3',
  );
  for (const text of texts) {
    assert.equal(parseIp(text), null, text);
    assert.equal(isIP(text), 0, text);
  }
  assert.equal(parseIp('fe80::1%eth0'), null);
});

test('accepts exactly what the platform accepts', () => {
  const texts = fc.stringMatching(/^[0-9a-f:.]{1,40}$/);
  fc.assert(
    fc.property(texts, (text) => assert.equal(parseIp(text) !== null, isIP(text) !== 0, text)),
    {
      numRuns: 5_000,
    },
  );
});

test('an IPv4-mapped address is the IPv4 one', () => {
  assert.deepEqual(parseIp('::ffff:10.1.2.3'), [10, 1, 2, 3]);
  assert.deepEqual(parseIp('::FFFF:a01:203'), [10, 1, 2, 3]);
  assert.equal(formatIp(mapIp([10, 1, 2, 3])), '::ffff:10.1.2.3');
  assert.deepEqual(unmapIp(mapIp([10, 1, 2, 3])), [10, 1, 2, 3]);
});
