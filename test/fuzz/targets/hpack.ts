/** The HPACK decoder against a reference that does everything in the most obvious way. */
import assert from 'node:assert/strict';
import { HpackDecoder } from '../../../src/proxy/h2/hpack/decoder.ts';
import type { Random } from '../../support/random.ts';
import { encodePlainly, integer, ReferenceDecoder, type Field } from '../../support/reference-hpack.ts';
import type { FuzzTarget } from '../target.ts';

/** Small, so that inputs reach them. */
const LIMITS = { tableBytes: 4_096, listBytes: 1_500, fieldCount: 12 };
/** The length of a block is its first byte: an input is a connection's blocks one after the other. */
const MAX_BLOCK_BYTES = 255;

const block = (bytes: Buffer): Buffer => {
  const cut = bytes.subarray(0, MAX_BLOCK_BYTES);
  return Buffer.concat([Buffer.of(cut.length), cut]);
};
const hex = (text: string): Buffer => Buffer.from(text, 'hex');

function string(random: Random): Buffer {
  const bytes = Buffer.from(
    random.pick(['', 'a', 'x-a', 'value', 'é', ':path', '\0', 'A', 'y'.repeat(90)]),
    'latin1',
  );
  const isHuffman = random.chance(0.3);
  // The code of `a`, three times, and its padding: right for some lengths only.
  const content = isHuffman
    ? random.pick([hex('18c7'), hex('18c63f'), hex('1f'), hex('ffff'), bytes])
    : bytes;
  return Buffer.concat([integer(isHuffman ? 0x80 : 0, 7, content.length), content]);
}

function field(random: Random): Buffer {
  const index = random.pick([0, 1, 2, 15, 32, 61, 62, 63, 64, 70, 126, 127, 128, 300]);
  if (random.chance(0.3)) return integer(0x80, 7, index);
  if (random.chance(0.08)) return integer(0x20, 5, random.pick([0, 30, 31, 64, 4_096, 4_097, 1_000_000]));
  const [flags, prefix] = random.pick([
    [0x40, 6],
    [0x00, 4],
    [0x10, 4],
  ] as const);
  const name =
    index === 0 || random.chance(0.4)
      ? [integer(flags, prefix, 0), string(random)]
      : [integer(flags, prefix, index)];
  return Buffer.concat([...name, string(random)]);
}

/** What the reference makes of a block; null when it refuses it. */
function expected(reference: ReferenceDecoder, bytes: Buffer): readonly Field[] | null {
  try {
    return reference.decode(bytes);
  } catch {
    return null;
  }
}

function checkBlock(decoder: HpackDecoder, reference: ReferenceDecoder, bytes: Buffer): string {
  const result = decoder.decode(bytes, 0, bytes.length);
  const fields = expected(reference, bytes);
  if (fields === null) {
    assert.equal(result, 'compression', 'accepted what the reference refuses');
    return result;
  }
  const size = fields.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
  const isTooLarge = size > LIMITS.listBytes || fields.length > LIMITS.fieldCount;
  assert.equal(result, isTooLarge ? 'too-large' : 'ok');
  const read = decoder.entries.slice(0, decoder.count).map(({ name, value }): Field => [name, value]);
  assert.deepEqual(read, isTooLarge ? fields.slice(0, read.length) : fields);
  return JSON.stringify(read);
}

export const hpack: FuzzTarget = {
  name: 'hpack',
  corpus: [
    // RFC 7541 appendix C.4: three requests of one connection, Huffman coded.
    Buffer.concat(
      [
        '828684418cf1e3c2e5f23a6ba0ab90f4ff',
        '828684be5886a8eb10649cbf',
        '828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf',
      ].map((text) => block(hex(text))),
    ),
    block(
      encodePlainly([
        [':method', 'GET'],
        ['x-a', 'b'],
        ['cookie', 'é'],
      ]),
    ),
    Buffer.concat([block(hex('3fe11f82')), block(hex('2020')), block(hex('207f00'))]),
    Buffer.concat([block(hex('4003782d610162')), block(hex('bebebebe')), block(hex('be7e0163'))]),
  ],
  dictionary: [
    '80',
    '82',
    'be',
    '3fe11f',
    '20',
    '4001610162',
    '1001610162',
    '0f2f',
    '7fffffff7f',
    '8418c63fff',
  ].map(hex),
  generate(random) {
    const blocks = Array.from({ length: 1 + random.below(4) }, () =>
      block(Buffer.concat(Array.from({ length: random.below(8) }, () => field(random)))),
    );
    return Buffer.concat(blocks);
  },
  outcomeOf(reads) {
    const bytes = Buffer.concat(reads);
    const decoder = new HpackDecoder(LIMITS);
    const reference = new ReferenceDecoder();
    const verdicts: string[] = [];
    for (let at = 0; at < bytes.length;) {
      const from = at + 1;
      at = Math.min(bytes.length, from + (bytes[at] ?? 0));
      const verdict = checkBlock(decoder, reference, bytes.subarray(from, at));
      verdicts.push(verdict);
      // The connection is over: what its tables hold now no longer matters.
      if (verdict === 'compression') break;
    }
    return verdicts.join('\n');
  },
};
