/** Fields to header blocks (RFC 7541 section 6). Strings go out plain: Huffman coding costs more than the bytes it saves here. */
import { writeLatin1 } from '../../latin1.ts';
import { fieldKey, STATIC_COUNT, STATIC_FIELDS, STATIC_NAMES } from './static-table.ts';

/** Our side of the peer's table: more than this is never used, whatever the peer allows. */
const MAX_TABLE_BYTES = 4096;
const ENTRY_OVERHEAD = 32;
/** Larger fields would push out too much. */
const MAX_INDEXED_BYTES = 1024;
/** Seldom the same twice: indexed only when they are. */
const VOLATILE = new Set([
  ':path',
  'content-length',
  'etag',
  'last-modified',
  'x-request-id',
  'x-forwarded-for',
  'forwarded',
  'if-none-match',
  'if-modified-since',
  'location',
  'age',
  'grpc-timeout',
  'traceparent',
  'tracestate',
]);
/** Never indexed anywhere (RFC 7541 section 7.1.3): whoever shares the connection could guess them by size. */
const SECRET = new Set(['authorization', 'proxy-authorization', 'set-cookie']);
const SHORT_COOKIE_BYTES = 20;
const MAX_REMEMBERED = 256;

interface Inserted {
  readonly key: string;
  readonly size: number;
  /** Number of the insertion, from 0. */
  readonly number: number;
}

/** Representations (RFC 7541 section 6): the bits of the first byte that hold a number, and the ones above them. */
interface Representation {
  readonly mask: number;
  readonly flags: number;
}

const INDEXED: Representation = { mask: 0x7f, flags: 0x80 };
const LITERAL_INDEXED: Representation = { mask: 0x3f, flags: 0x40 };
const LITERAL: Representation = { mask: 0x0f, flags: 0x00 };
const LITERAL_NEVER_INDEXED: Representation = { mask: 0x0f, flags: 0x10 };
const SIZE_UPDATE: Representation = { mask: 0x1f, flags: 0x20 };
const STRING: Representation = { mask: 0x7f, flags: 0x00 };

export class HpackEncoder {
  #tableLimit = MAX_TABLE_BYTES;
  #tableSize = 0;
  /** Oldest first; `#first` is the oldest that still counts. */
  #queue: Inserted[] = [];
  #first = 0;
  #insertions = 0;
  readonly #numbers = new Map<string, number>();
  /** Volatile fields that were sent once. */
  readonly #seen = new Set<string>();
  /** A size update that must open the next block (RFC 7541 section 4.2); -1 = none. */
  #pendingResize = -1;

  /** The peer's SETTINGS_HEADER_TABLE_SIZE. */
  setPeerLimit(bytes: number): void {
    const limit = Math.min(bytes, MAX_TABLE_BYTES);
    if (limit === this.#tableLimit) return;
    this.#tableLimit = limit;
    this.#pendingResize = this.#pendingResize === -1 ? limit : Math.min(this.#pendingResize, limit);
    this.#evict();
  }

  /** Opens a block; returns the position after what had to be said first. */
  begin(output: Buffer, at: number): number {
    if (this.#pendingResize === -1) return at;
    let position = at;
    if (this.#pendingResize < this.#tableLimit)
      position = writeInteger(output, position, SIZE_UPDATE, this.#pendingResize);
    this.#pendingResize = -1;
    return writeInteger(output, position, SIZE_UPDATE, this.#tableLimit);
  }

  /** Room that `write` needs at the most. */
  static room(name: string, value: string): number {
    return name.length + value.length + 16;
  }

  /** Writes one field; `name` in lower case, both of octets. Returns the position after it. */
  write(output: Buffer, at: number, name: string, value: string): number {
    const key = fieldKey(name, value);
    const fixed = STATIC_FIELDS.get(key);
    if (fixed !== undefined) return writeInteger(output, at, INDEXED, fixed);
    const number = this.#numbers.get(key);
    if (number !== undefined)
      return writeInteger(output, at, INDEXED, STATIC_COUNT + this.#insertions - number);
    const isSecret = SECRET.has(name) || (name === 'cookie' && value.length < SHORT_COOKIE_BYTES);
    const isIndexed = !isSecret && this.#isWorthIndexing(name, value, key);
    const nameIndex = STATIC_NAMES.get(name) ?? 0;
    let position = isIndexed
      ? writeInteger(output, at, LITERAL_INDEXED, nameIndex)
      : writeInteger(output, at, isSecret ? LITERAL_NEVER_INDEXED : LITERAL, nameIndex);
    if (nameIndex === 0) position = writeString(output, position, name);
    position = writeString(output, position, value);
    if (isIndexed) this.#insert(key, name.length + value.length + ENTRY_OVERHEAD);
    return position;
  }

  #isWorthIndexing(name: string, value: string, key: string): boolean {
    const size = name.length + value.length;
    if (size > MAX_INDEXED_BYTES || size + ENTRY_OVERHEAD > this.#tableLimit) return false;
    if (!VOLATILE.has(name)) return true;
    if (this.#seen.has(key)) return true;
    if (this.#seen.size >= MAX_REMEMBERED) this.#seen.clear();
    this.#seen.add(key);
    return false;
  }

  #insert(key: string, size: number): void {
    const number = this.#insertions++;
    this.#queue.push({ key, size, number });
    this.#numbers.set(key, number);
    this.#tableSize += size;
    this.#evict();
  }

  #evict(): void {
    while (this.#tableSize > this.#tableLimit) {
      const oldest = this.#queue[this.#first++];
      if (oldest === undefined) break;
      this.#tableSize -= oldest.size;
      if (this.#numbers.get(oldest.key) === oldest.number) this.#numbers.delete(oldest.key);
    }
    if (this.#first >= MAX_REMEMBERED) {
      this.#queue = this.#queue.slice(this.#first);
      this.#first = 0;
    }
  }
}

/** RFC 7541 section 5.1. */
function writeInteger(output: Buffer, at: number, { mask, flags }: Representation, value: number): number {
  let position = at;
  if (value < mask) {
    output[position++] = flags | value;
    return position;
  }
  output[position++] = flags | mask;
  let rest = value - mask;
  while (rest >= 0x80) {
    output[position++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  output[position++] = rest;
  return position;
}

const writeString = (output: Buffer, at: number, text: string): number =>
  writeLatin1(output, writeInteger(output, at, STRING, text.length), text);
