/** Header blocks to entries (RFC 7541 section 3), with bounds on everything a peer may choose. */
import { latin1 } from '../../latin1.ts';
import { HeaderEntry } from './entry.ts';
import { decodeHuffman } from './huffman.ts';
import { STATIC_COUNT, STATIC_ENTRIES } from './static-table.ts';

export interface DecoderLimits {
  /** SETTINGS_HEADER_TABLE_SIZE that we announced. */
  readonly tableBytes: number;
  /** SETTINGS_MAX_HEADER_LIST_SIZE: name, value and 32 for each field. */
  readonly listBytes: number;
  readonly fieldCount: number;
}

/** `compression`: the connection's state is lost. `too-large`: the block was decoded, but holds more than the limits allow. */
export type DecodeResult = 'ok' | 'compression' | 'too-large';

const FAILED = -1;
/** Entries that were evicted are cut off the array once so many have gathered at its head. */
const COMPACT_AT = 256;

export class HpackDecoder {
  readonly #limits: DecoderLimits;
  /** Oldest first; `#first` is the oldest that still counts. */
  #table: (HeaderEntry | undefined)[] = [];
  #first = 0;
  #tableSize = 0;
  #tableLimit: number;
  #position = 0;
  /** The fields of the last block: `entries[0, count)`. Valid until the next `decode`. */
  readonly entries: HeaderEntry[] = [];
  count = 0;

  constructor(limits: DecoderLimits) {
    this.#limits = limits;
    this.#tableLimit = limits.tableBytes;
  }

  /** Decodes a whole block. A block that is too large is decoded to its end all the same, or the next one could not be. */
  decode(buffer: Buffer, from: number, to: number): DecodeResult {
    this.#position = from;
    this.count = 0;
    let listSize = 0;
    let isTooLarge = false;
    let mayResize = true;
    while (this.#position < to) {
      const first = buffer[this.#position] as number;
      if ((first & 0xe0) === 0x20) {
        if (!mayResize || !this.#resize(buffer, to)) return 'compression';
        continue;
      }
      mayResize = false;
      const entry = this.#entry(buffer, to, first);
      if (entry === null) return 'compression';
      listSize += entry.size;
      if (listSize > this.#limits.listBytes || this.count >= this.#limits.fieldCount) isTooLarge = true;
      else this.entries[this.count++] = entry;
    }
    return isTooLarge ? 'too-large' : 'ok';
  }

  #entry(buffer: Buffer, to: number, first: number): HeaderEntry | null {
    if (first >= 0x80) return this.#lookup(this.#integer(buffer, to, 7)) ?? null;
    const isIndexed = first >= 0x40;
    const nameIndex = this.#integer(buffer, to, isIndexed ? 6 : 4);
    if (nameIndex === FAILED) return null;
    const name = nameIndex === 0 ? this.#string(buffer, to) : (this.#lookup(nameIndex)?.name ?? null);
    if (name === null) return null;
    const value = this.#string(buffer, to);
    if (value === null) return null;
    const entry = new HeaderEntry(name, value);
    if (isIndexed) this.#insert(entry);
    return entry;
  }

  #lookup(index: number): HeaderEntry | undefined {
    if (index <= STATIC_COUNT) return index <= 0 ? undefined : STATIC_ENTRIES[index - 1];
    const at = this.#table.length - (index - STATIC_COUNT);
    return at < this.#first ? undefined : this.#table[at];
  }

  /** RFC 7541 section 5.1; FAILED for a number that is cut off or has no business being so large. */
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
    return isHuffman ? decodeHuffman(buffer, start, start + length) : latin1(buffer, start, start + length);
  }

  #resize(buffer: Buffer, to: number): boolean {
    const size = this.#integer(buffer, to, 5);
    if (size === FAILED || size > this.#limits.tableBytes) return false;
    this.#tableLimit = size;
    this.#evict();
    return true;
  }

  #insert(entry: HeaderEntry): void {
    this.#table.push(entry);
    this.#tableSize += entry.size;
    if (this.#tableSize > this.#tableLimit) this.#evict();
  }

  #evict(): void {
    while (this.#tableSize > this.#tableLimit) {
      const oldest = this.#table[this.#first];
      if (oldest === undefined) break;
      this.#table[this.#first++] = undefined;
      this.#tableSize -= oldest.size;
    }
    if (this.#first >= COMPACT_AT) {
      this.#table = this.#table.slice(this.#first);
      this.#first = 0;
    }
  }
}
