/** HPACK in the most obvious way, to hold the real one against: a list that is searched, arrays that are copied, Huffman codes bit by bit. */
import { CODE_LENGTHS } from '../../src/proxy/h2/hpack/huffman.ts';
import { STATIC_ENTRIES } from '../../src/proxy/h2/hpack/static-table.ts';

export type Field = readonly [name: string, value: string];

const STATIC: readonly Field[] = STATIC_ENTRIES.map(({ name, value }) => [name, value]);
const TABLE_BYTES = 4096;
/** Maximum bytes of an integer after its prefix: more would exceed any useful number. */
const MAX_INTEGER_BYTES = 4;
const MAX_SIZE_UPDATES = 2;
const EOS = 256;

/** Symbols by their code in ones and zeroes: counted up from the shortest code, in the order of the symbols. */
const CODES: ReadonlyMap<string, number> = new Map(
  CODE_LENGTHS.map((length, symbol) => ({ length, symbol }))
    .toSorted((a, b) => a.length - b.length || a.symbol - b.symbol)
    .reduce<{ codes: [string, number][]; next: bigint; length: number }>(
      ({ codes, next, length: before }, { length, symbol }) => {
        const code = next << BigInt(length - before);
        codes.push([code.toString(2).padStart(length, '0'), symbol]);
        return { codes, next: code + 1n, length };
      },
      { codes: [], next: 0n, length: 0 },
    ).codes,
);

function decodeHuffman(bytes: readonly number[]): string {
  const bits = bytes.map((byte) => byte.toString(2).padStart(8, '0')).join('');
  let text = '';
  let from = 0;
  for (let to = 1; to <= bits.length; to++) {
    const symbol = CODES.get(bits.slice(from, to));
    if (symbol === undefined) continue;
    if (symbol === EOS) throw new Error('the end of a string inside it');
    text += String.fromCharCode(symbol);
    from = to;
  }
  if (!/^1{0,7}$/.test(bits.slice(from))) throw new Error('bad padding');
  return text;
}

export class ReferenceDecoder {
  /** Newest first. */
  #dynamic: Field[] = [];
  #limit = TABLE_BYTES;
  #bytes: number[] = [];
  /** Fields of the last block that no table may hold. */
  neverIndexed: Field[] = [];

  /** Throws when the block is not one that a decoder has to accept. */
  decode(block: Uint8Array): Field[] {
    this.#bytes = [...block];
    this.neverIndexed = [];
    const fields: Field[] = [];
    let updates = 0;
    while (this.#bytes.length > 0) {
      const first = this.#bytes[0] ?? 0;
      if (first >= 0x80) fields.push(this.#at(this.#integer(7)));
      else if (first >= 0x40) fields.push(this.#literal(6, true));
      else if (first >= 0x20) {
        if (fields.length > 0) throw new Error('size update after a field');
        if (++updates > MAX_SIZE_UPDATES) throw new Error('too many size updates');
        this.#resize(this.#integer(5));
      } else {
        const field = this.#literal(4, false);
        if (first >= 0x10) this.neverIndexed.push(field);
        fields.push(field);
      }
    }
    return fields;
  }

  #literal(prefix: number, isIndexed: boolean): Field {
    const index = this.#integer(prefix);
    const field: Field = [index === 0 ? this.#string() : this.#at(index)[0], this.#string()];
    if (isIndexed) {
      this.#dynamic.unshift(field);
      this.#evict();
    }
    return field;
  }

  #at(index: number): Field {
    const field = [...STATIC, ...this.#dynamic][index - 1];
    if (field === undefined) throw new Error(`no index ${index}`);
    return field;
  }

  #resize(bytes: number): void {
    if (bytes > TABLE_BYTES) throw new Error(`size update to ${bytes}`);
    this.#limit = bytes;
    this.#evict();
  }

  #evict(): void {
    const size = ([name, value]: Field): number => name.length + value.length + 32;
    while (this.#dynamic.reduce((sum, field) => sum + size(field), 0) > this.#limit) this.#dynamic.pop();
  }

  #byte(): number {
    const byte = this.#bytes.shift();
    if (byte === undefined) throw new Error('cut off');
    return byte;
  }

  #integer(prefix: number): number {
    const largest = 2 ** prefix - 1;
    let value = this.#byte() % 2 ** prefix;
    if (value < largest) return value;
    for (let factor = 1; ; factor *= 128) {
      if (factor >= 128 ** MAX_INTEGER_BYTES) throw new Error('an integer without end');
      const byte = this.#byte();
      value += (byte % 128) * factor;
      if (byte < 128) return value;
    }
  }

  #string(): string {
    const isHuffman = (this.#bytes[0] ?? 0) >= 0x80;
    const length = this.#integer(7);
    if (length > this.#bytes.length) throw new Error('cut off');
    const bytes = this.#bytes.splice(0, length);
    return isHuffman ? decodeHuffman(bytes) : String.fromCharCode(...bytes);
  }
}

/** A block of literals without indexing: what a peer with no memory would send. */
export function encodePlainly(fields: readonly Field[]): Buffer {
  const string = (text: string): Buffer => {
    const bytes = Buffer.from(text, 'latin1');
    return Buffer.concat([integer(0, 7, bytes.length), bytes]);
  };
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.of(0), string(name), string(value)]));
}

/** `value` in the low `prefix` bits of a byte with `flags` above, and in more bytes where it needs them. */
export function integer(flags: number, prefix: number, value: number): Buffer {
  const largest = 2 ** prefix - 1;
  if (value < largest) return Buffer.of(flags + value);
  const bytes = [flags + largest];
  let rest = value - largest;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.of(...bytes, rest);
}
