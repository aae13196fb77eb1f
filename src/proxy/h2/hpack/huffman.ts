/** The Huffman code of HPACK (RFC 7541 appendix B), decoded eight bits at a step. */
import { latin1 } from '../../net/latin1.ts';

/** Length of each symbol's code in bits; 256 is EOS. The code is canonical: lengths determine it. */
export const CODE_LENGTHS: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28,
  28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7,
  8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19,
  13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13,
  28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21,
  22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23,
  22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25,
  25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
];

const EOS = 256;
const SYMBOL_COUNT = 257;

/**
 * Tables of 256 steps. A step of 0 is no code; a positive one leads to the table of that number; a negative one is a leaf: the
 * symbol in bits 8 to 16, the bits it used of this step in bits 0 to 7.
 */
const LEAF = -0x80000000;
const TABLES: Int32Array[] = buildTables();
const FIRST_TABLE = TABLES[0] as Int32Array;

function buildTables(): Int32Array[] {
  const tables = [new Int32Array(256)];
  const order = Array.from({ length: SYMBOL_COUNT }, (_, symbol) => symbol).toSorted(
    (a, b) => lengthOf(a) - lengthOf(b) || a - b,
  );
  let code = 0;
  let codeLength = 0;
  for (const symbol of order) {
    const length = lengthOf(symbol);
    code *= 2 ** (length - codeLength);
    codeLength = length;
    insert(tables, symbol, code, length);
    code += 1;
  }
  return tables;
}

function lengthOf(symbol: number): number {
  return CODE_LENGTHS[symbol] ?? 0;
}

/** Codes have up to 30 bits: arithmetic instead of shifts where the sign bit would be met. */
function insert(tables: Int32Array[], symbol: number, code: number, length: number): void {
  let table = tables[0] as Int32Array;
  let left = length;
  while (left > 8) {
    const step = Math.floor(code / 2 ** (left - 8)) & 0xff;
    if (table[step] === 0) {
      tables.push(new Int32Array(256));
      table[step] = tables.length - 1;
    }
    table = tables[table[step] as number] as Int32Array;
    left -= 8;
  }
  const first = ((code % 2 ** left) << (8 - left)) & 0xff;
  table.fill(LEAF | (symbol << 8) | left, first, first + (1 << (8 - left)));
}

/** Longer strings than any header list may hold are refused before they are decoded. */
const MAX_DECODED_BYTES = 131_072;
const decoded = Buffer.allocUnsafeSlow(MAX_DECODED_BYTES);
/** The shortest code has 5 bits. */
const MAX_GROWTH = 8 / 5;

/**
 * The string that `buffer[from, to)` encodes; null when it contains EOS, ends inside a code, or is padded with anything but the
 * up to seven most significant bits of EOS, which are ones (RFC 7541 section 5.2).
 */
export function decodeHuffman(buffer: Buffer, from: number, to: number): string | null {
  if ((to - from) * MAX_GROWTH > MAX_DECODED_BYTES) return null;
  let bits = 0;
  let bitCount = 0;
  let length = 0;
  let table = FIRST_TABLE;
  for (let position = from; position < to; position++) {
    bits = ((bits << 8) | (buffer[position] as number)) & 0xffffff;
    bitCount += 8;
    while (bitCount >= 8) {
      const step = table[(bits >>> (bitCount - 8)) & 0xff] as number;
      if (step >= 0) {
        if (step === 0) return null;
        table = TABLES[step] as Int32Array;
        bitCount -= 8;
        continue;
      }
      const symbol = (step >>> 8) & 0x1ff;
      if (symbol === EOS) return null;
      decoded[length++] = symbol;
      bitCount -= step & 0xff;
      table = FIRST_TABLE;
    }
  }
  // Fewer than eight bits are left: whole codes, then padding.
  for (;;) {
    const step = table[(bits << (8 - bitCount)) & 0xff] as number;
    if (step >= 0 || (step & 0xff) > bitCount) break;
    const symbol = (step >>> 8) & 0x1ff;
    if (symbol === EOS) return null;
    decoded[length++] = symbol;
    bitCount -= step & 0xff;
    table = FIRST_TABLE;
  }
  const padding = (1 << bitCount) - 1;
  if (table !== FIRST_TABLE || (bits & padding) !== padding) return null;
  return latin1(decoded, 0, length);
}
