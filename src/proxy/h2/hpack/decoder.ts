/** Header blocks to entries (RFC 7541 section 3), with bounds on everything a peer may choose. */
import { latin1 } from '../../net/latin1.ts';
import { DynamicTable } from './dynamic-table.ts';
import { HeaderEntry } from '../../message/header-entry.ts';
import { decodeHuffman } from './huffman.ts';
import { LiteralMemo } from './literal-memo.ts';
import { STATIC_COUNT, STATIC_ENTRIES } from './static-table.ts';

export interface DecoderLimits {
  /** The announced SETTINGS_HEADER_TABLE_SIZE. */
  readonly tableBytes: number;
  /** SETTINGS_MAX_HEADER_LIST_SIZE: name, value and 32 for each field. */
  readonly listBytes: number;
  readonly fieldCount: number;
}

/** `compression`: the connection's state is lost. `too-large`: the block was decoded, but exceeds the limits. */
export type DecodeResult = 'ok' | 'compression' | 'too-large';

const FAILED = -1;
/** An encoder sends at most two size updates: the smallest and the last size (section 4.2). */
const MAX_SIZE_UPDATES = 2;

/** Blocks are read one after the other, and what is kept of one is copied: all decoders can share this. */
const SHARED_ENTRIES: HeaderEntry[] = [];

export class HpackDecoder {
  readonly #limits: DecoderLimits;
  readonly #table: DynamicTable;
  readonly #memo = new LiteralMemo();
  #position = 0;
  /** Of the literal that was read last. */
  #nameIndex = 0;
  /** The fields of the last block: `entries[0, count)`. Valid until the next `decode` of any decoder. */
  readonly entries: HeaderEntry[] = SHARED_ENTRIES;
  count = 0;

  constructor(limits: DecoderLimits) {
    this.#limits = limits;
    this.#table = new DynamicTable(limits.tableBytes);
  }

  /** Decodes a whole block. A block that is too large is still decoded to its end, or the next one could not be decoded. */
  decode(buffer: Buffer, from: number, to: number): DecodeResult {
    const { listBytes, fieldCount } = this.#limits;
    this.#position = from;
    let count = 0;
    let listSize = 0;
    let isTooLarge = false;
    if (from < to && !this.#resize(buffer, to)) return 'compression';
    while (this.#position < to) {
      const first = buffer[this.#position] as number;
      const entry = first >= 0x80 ? this.#indexed(buffer, to) : this.#literal(buffer, to, first);
      if (entry === undefined) return 'compression';
      listSize += entry.size;
      if (listSize > listBytes || count >= fieldCount) isTooLarge = true;
      else this.entries[count++] = entry;
    }
    this.count = count;
    return isTooLarge ? 'too-large' : 'ok';
  }

  /** Takes size updates, which may only open a block; false when one is not allowed. */
  #resize(buffer: Buffer, to: number): boolean {
    let updates = 0;
    while (this.#position < to && isSizeUpdate(buffer[this.#position] as number)) {
      const size = this.#integer(buffer, to, 5);
      if (size === FAILED || size > this.#limits.tableBytes || ++updates > MAX_SIZE_UPDATES) return false;
      this.#table.resize(size);
    }
    return true;
  }

  #indexed(buffer: Buffer, to: number): HeaderEntry | undefined {
    return this.#lookup(this.#integer(buffer, to, 7));
  }

  #literal(buffer: Buffer, to: number, first: number): HeaderEntry | undefined {
    if (first >= 0x40) {
      const entry = this.#readLiteral(buffer, to, 6);
      if (entry !== undefined) this.#table.insert(entry);
      return entry;
    }
    if (isSizeUpdate(first)) return undefined;
    const from = this.#position;
    const end = this.#endOfLiteral(buffer, to);
    if (end === FAILED) return undefined;
    const known = this.#memo.find(buffer, from, end);
    if (known !== null) {
      this.#position = end;
      return known;
    }
    this.#position = from;
    const entry = this.#readLiteral(buffer, to, 4);
    if (entry !== undefined && this.#nameIndex <= STATIC_COUNT) this.#memo.note(buffer, from, end, entry);
    return entry;
  }

  /** `prefixBits`: of the name's index. */
  #readLiteral(buffer: Buffer, to: number, prefixBits: number): HeaderEntry | undefined {
    const isNeverIndexed = ((buffer[this.#position] as number) & 0xf0) === 0x10;
    const nameIndex = this.#integer(buffer, to, prefixBits);
    this.#nameIndex = nameIndex;
    if (nameIndex === FAILED) return undefined;
    const like = nameIndex === 0 ? null : this.#lookup(nameIndex);
    if (like === undefined) return undefined;
    const name = like === null ? this.#string(buffer, to) : like.name;
    const value = name === null ? null : this.#string(buffer, to);
    return name === null || value === null ? undefined : new HeaderEntry(name, value, like, isNeverIndexed);
  }

  /** Position after the literal without indexing that begins here; FAILED when it is cut off. Moves the position anywhere. */
  #endOfLiteral(buffer: Buffer, to: number): number {
    const nameIndex = this.#integer(buffer, to, 4);
    if (nameIndex === FAILED || (nameIndex === 0 && !this.#skipString(buffer, to))) return FAILED;
    return this.#skipString(buffer, to) ? this.#position : FAILED;
  }

  #skipString(buffer: Buffer, to: number): boolean {
    if (this.#position >= to) return false;
    const length = this.#integer(buffer, to, 7);
    this.#position += length;
    return length !== FAILED && this.#position <= to;
  }

  #lookup(index: number): HeaderEntry | undefined {
    if (index > STATIC_COUNT) return this.#table.get(index - STATIC_COUNT - 1);
    return index <= 0 ? undefined : STATIC_ENTRIES[index - 1];
  }

  /** RFC 7541 section 5.1; FAILED for a truncated or unreasonably large number. */
  #integer(buffer: Buffer, to: number, prefixBits: number): number {
    const mask = (1 << prefixBits) - 1;
    let value = (buffer[this.#position++] as number) & mask;
    if (value < mask) return value;
    for (let shift = 0; shift <= 21; shift += 7) {
      if (this.#position >= to) return FAILED;
      const byte = buffer[this.#position++] as number;
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return FAILED;
  }

  #string(buffer: Buffer, to: number): string | null {
    if (this.#position >= to) return null;
    const isHuffman = (buffer[this.#position] as number) >= 0x80;
    const length = this.#integer(buffer, to, 7);
    const start = this.#position;
    if (length === FAILED || start + length > to) return null;
    this.#position = start + length;
    if (length === 0) return '';
    return isHuffman ? decodeHuffman(buffer, start, start + length) : latin1(buffer, start, start + length);
  }
}

function isSizeUpdate(first: number): boolean {
  return (first & 0xe0) === 0x20;
}
