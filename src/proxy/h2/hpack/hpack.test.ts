import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { HpackDecoder } from './decoder.ts';
import { HpackEncoder } from './encoder.ts';
import { decodeHuffman } from './huffman.ts';

const LIMITS = { tableBytes: 4096, listBytes: 65_536, fieldCount: 200 };
type Fields = readonly (readonly [string, string])[];

const read = (decoder: HpackDecoder): Fields =>
  decoder.entries.slice(0, decoder.count).map(({ name, value }) => [name, value]);

function encode(encoder: HpackEncoder, fields: Fields): Buffer {
  const output = Buffer.alloc(65_536);
  encoder.begin(output, 0);
  for (const [name, value] of fields) encoder.write(name, value);
  return output.subarray(0, encoder.at);
}

/** Blocks of RFC 7541 appendix C.4 and C.6: the same connection, one after the other. */
const EXAMPLES: readonly {
  readonly tableBytes: number;
  readonly blocks: readonly (readonly [string, Fields])[];
}[] = [
  {
    tableBytes: 4096,
    blocks: [
      [
        '828684418cf1e3c2e5f23a6ba0ab90f4ff',
        [
          [':method', 'GET'],
          [':scheme', 'http'],
          [':path', '/'],
          [':authority', 'www.example.com'],
        ],
      ],
      [
        '828684be5886a8eb10649cbf',
        [
          [':method', 'GET'],
          [':scheme', 'http'],
          [':path', '/'],
          [':authority', 'www.example.com'],
          ['cache-control', 'no-cache'],
        ],
      ],
      [
        '828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf',
        [
          [':method', 'GET'],
          [':scheme', 'https'],
          [':path', '/index.html'],
          [':authority', 'www.example.com'],
          ['custom-key', 'custom-value'],
        ],
      ],
    ],
  },
  {
    tableBytes: 256,
    blocks: [
      [
        '488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3',
        [
          [':status', '302'],
          ['cache-control', 'private'],
          ['date', 'Mon, 21 Oct 2013 20:13:21 GMT'],
          ['location', 'https://www.example.com'],
        ],
      ],
      [
        '4883640effc1c0bf',
        [
          [':status', '307'],
          ['cache-control', 'private'],
          ['date', 'Mon, 21 Oct 2013 20:13:21 GMT'],
          ['location', 'https://www.example.com'],
        ],
      ],
    ],
  },
];

suite('HPACK', () => {
  for (const { tableBytes, blocks } of EXAMPLES) {
    test(`decodes the examples of the RFC with a table of ${String(tableBytes)} bytes`, () => {
      const decoder = new HpackDecoder({ ...LIMITS, tableBytes });
      for (const [hex, fields] of blocks) {
        const block = Buffer.from(hex, 'hex');
        assert.equal(decoder.decode(block, 0, block.length), 'ok');
        assert.deepEqual(read(decoder), fields);
      }
    });
  }

  const name = fc.oneof(
    fc.constantFrom(':path', 'content-type', 'cookie', 'authorization', 'x-request-id', 'accept'),
    fc.string({ unit: fc.constantFrom('a', 'b', '-'), minLength: 1, maxLength: 5 }),
  );
  const value = fc.oneof(
    fc.string({ unit: fc.constantFrom('a', 'é', ' ', '~'), maxLength: 40 }),
    fc.constantFrom('/', 'application/json', 'x'.repeat(1500)),
  );
  const block = fc.array(fc.tuple(name, value), { maxLength: 20 });

  test('property: what is encoded is decoded the same, over many blocks and table sizes', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(block, fc.option(fc.nat(6000))), { maxLength: 12 }), (steps) => {
        const encoder = new HpackEncoder();
        const decoder = new HpackDecoder({ ...LIMITS, listBytes: 1_000_000 });
        for (const [fields, limit] of steps) {
          if (limit !== null) encoder.setPeerLimit(limit);
          const bytes = encode(encoder, fields);
          assert.equal(decoder.decode(bytes, 0, bytes.length), 'ok');
          assert.deepEqual(read(decoder), fields);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('property: any bytes are decoded or refused, never more', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const result = new HpackDecoder(LIMITS).decode(Buffer.from(bytes), 0, bytes.length);
        assert.ok(['ok', 'compression', 'too-large'].includes(result));
      }),
      { numRuns: 5_000 },
    );
  });

  const refused: readonly (readonly [string, string])[] = [
    ['index 0', '80'],
    ['an index beyond the tables', 'be'],
    ['a name index beyond the tables', '7f00'],
    ['a string that is cut off', '400361'],
    ['an integer without end', 'ffffffffffffff'],
    ['a table larger than announced', '3fe21f'],
    ['a size update after a field', '8220'],
    ['Huffman padding of eight bits', '4001618' + '2f8ff'],
    ['EOS inside a string', '400161' + '84ffffffff'],
  ];
  for (const [what, hex] of refused) {
    test(`refuses ${what}`, () => {
      const bytes = Buffer.from(hex, 'hex');
      assert.equal(new HpackDecoder(LIMITS).decode(bytes, 0, bytes.length), 'compression');
    });
  }

  test('a block of tiny references to a large entry is bounded', () => {
    const encoder = new HpackEncoder();
    const decoder = new HpackDecoder({ ...LIMITS, listBytes: 16_384 });
    const bomb = encode(
      encoder,
      Array.from({ length: 1000 }, () => ['x', 'y'.repeat(1000)] as const),
    );
    assert.ok(bomb.length < 3000);
    assert.equal(decoder.decode(bomb, 0, bomb.length), 'too-large');
    assert.ok(decoder.count <= 16);
    const next = encode(encoder, [['a', 'b']]);
    assert.equal(decoder.decode(next, 0, next.length), 'ok', 'the connection goes on');
  });

  test('secrets are never indexed', () => {
    const encoder = new HpackEncoder();
    const secret: Fields = [
      ['authorization', 'Bearer a'],
      ['cookie', 'id=1'],
      ['set-cookie', 'id=1'],
    ];
    const once = encode(encoder, secret);
    assert.deepEqual(encode(encoder, secret), once);
    assert.equal((once[0] ?? 0) & 0xf0, 0x10);
  });

  test('marks what has no place in a message', () => {
    const entriesOf = (fields: Fields): boolean[] => {
      const bytes = encode(new HpackEncoder(), fields);
      const decoder = new HpackDecoder(LIMITS);
      decoder.decode(bytes, 0, bytes.length);
      return decoder.entries.slice(0, decoder.count).map(({ isMalformed }) => isMalformed);
    };
    const bad: Fields = [
      ['connection', 'close'],
      ['te', 'gzip'],
      ['a b', ''],
      ['a', 'b\r\nc: d'],
      ['a', 'b\0'],
      ['a', ' b'],
      [':unknown', 'x'],
      ['A', 'b'],
      ['', 'b'],
    ];
    assert.deepEqual(
      entriesOf(bad),
      bad.map(() => true),
    );
    assert.deepEqual(
      entriesOf([
        ['te', 'trailers'],
        ['a_b', 'c\td'],
        ['x', 'é'],
      ]),
      [false, false, false],
    );
  });

  test('Huffman strings end with ones, and with fewer than eight', () => {
    const hex = (text: string): string | null => decodeHuffman(Buffer.from(text, 'hex'), 0, text.length / 2);
    assert.equal(hex('f1e3c2e5f23a6ba0ab90f4ff'), 'www.example.com');
    assert.equal(hex('1f'), 'a', 'three bits of padding');
    assert.equal(hex('18'), null, 'padding of zeroes');
    assert.equal(hex('1fff'), null, 'eleven bits of padding');
    assert.equal(hex(''), '');
  });
});
