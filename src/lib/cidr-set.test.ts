import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CidrSet } from './cidr-set.ts';
import { newIpWords, readIpWords } from './ip-words.ts';
import { formatIp, mapIp, parseIp } from './ip-address.ts';

/** Bit by bit. */
function isInside(cidrs: readonly string[], address: string): boolean {
  const bits = (text: string): string | null =>
    parseIp(text)
      ?.map((byte) => byte.toString(2).padStart(8, '0'))
      .join('') ?? null;
  const wanted = bits(address);
  if (wanted === null) return false;
  return cidrs.some((cidr) => {
    const [start = '', length = ''] = cidr.split('/');
    const own = bits(start);
    return own?.length === wanted.length && wanted.startsWith(own.slice(0, Number(length)));
  });
}

/** Few different bytes, so that ranges nest, touch and repeat. */
const byte = fc.constantFrom(0, 1, 2, 127, 128, 254, 255);
const v4 = fc.array(byte, { minLength: 4, maxLength: 4 });
const v6 = fc
  .array(byte, { minLength: 16, maxLength: 16 })
  .map((bytes) => (parseIp(formatIp(bytes))?.length === 4 ? [0x20, ...bytes.slice(1)] : bytes));
const address = fc.oneof(v4, v6);
const cidr = address.chain((bytes) =>
  fc.integer({ min: 0, max: bytes.length * 8 }).map((length) => `${formatIp(bytes)}/${String(length)}`),
);

test('a set holds an address exactly if one of its ranges does', () => {
  fc.assert(
    fc.property(fc.array(cidr, { maxLength: 40 }), fc.array(address, { minLength: 1 }), (cidrs, asked) => {
      const set = new CidrSet(cidrs);
      for (const bytes of asked) {
        const text = formatIp(bytes);
        assert.equal(set.has(text), isInside(cidrs, text), `${text} in ${cidrs.join(' ')}`);
        if (bytes.length === 4) assert.equal(set.has(formatIp(mapIp(bytes))), set.has(text));
      }
    }),
    { numRuns: 500 },
  );
});

test('the ends of a range are inside, their neighbours outside', () => {
  const set = new CidrSet(['203.0.113.64/26', '2001:db8:0:ff00::/56', '255.255.255.255/32', '0.0.0.0/32']);
  const inside = ['203.0.113.64', '203.0.113.127', '2001:db8:0:ff00::', '255.255.255.255', '0.0.0.0'];
  for (const text of [...inside, '2001:db8:0:ffff:ffff:ffff:ffff:ffff', '::ffff:203.0.113.64']) {
    assert.equal(set.has(text), true, text);
  }
  const outside = ['203.0.113.63', '203.0.113.128', '2001:db8:0:feff:ffff:ffff:ffff:ffff', '2001:db8:1::'];
  for (const text of [...outside, '255.255.255.254', '0.0.0.1', '::', '']) {
    assert.equal(set.has(text), false, text);
  }
});

test('all of IPv6 is none of IPv4, and the reverse', () => {
  assert.equal(new CidrSet(['::/0']).has('::ffff:10.0.0.1'), false);
  assert.equal(new CidrSet(['::/0']).has('10.0.0.1'), false);
  assert.equal(new CidrSet(['::/0']).has('::1'), true);
  assert.equal(new CidrSet(['0.0.0.0/0']).has('::1'), false);
  assert.equal(new CidrSet(['0.0.0.0/0']).has('::ffff:10.0.0.1'), true);
});

test('an empty set holds nothing; what is no CIDR is refused', () => {
  assert.equal(new CidrSet([]).has('10.0.0.1'), false);
  for (const text of ['10.0.0.1', '10.0.0.0/33', 'all', '10.0.0.0/8/8']) {
    assert.throws(() => new CidrSet([text]), text);
  }
});

test('addresses are read as parseIp reads them, but for zones', () => {
  const piece = fc.constantFrom(
    '0',
    '1',
    'ff',
    'ffff',
    '10',
    '255',
    '256',
    '01',
    '.',
    ':',
    '::',
    'g',
    '-',
    ' ',
  );
  const valid = address.map((bytes) => formatIp(bytes));
  const odd = fc.array(piece, { maxLength: 17 }).map((pieces) => pieces.join(''));
  fc.assert(
    fc.property(fc.oneof(valid, odd, fc.ipV4(), fc.ipV6()), (text) => {
      const { family, words } = readIpWords(text, newIpWords());
      const bytes = parseIp(text);
      const flat = [...words.subarray(0, family === 4 ? 1 : 4)].flatMap((word) => [
        word >>> 24,
        (word >>> 16) & 255,
        (word >>> 8) & 255,
        word & 255,
      ]);
      assert.deepEqual(family === 0 ? null : flat, bytes, text);
    }),
    { numRuns: 3_000 },
  );
  assert.equal(new CidrSet(['fe80::/10']).has('fe80::1%eth0'), true);
  for (const text of ['10.0.0.1%eth0', '%', '::%', ':', '1::2::3', '1:2:3:4:5:6:7:8:9', '::1:']) {
    assert.equal(readIpWords(text, newIpWords()).family, text === '::%' ? 6 : 0, text);
  }
});
