/** Fields to header blocks (RFC 7541 section 6). Strings go out plain: Huffman coding costs more than the bytes it saves here. */
import { writeLatin1 } from '../../net/latin1.ts';
import { EncoderTable, NamePlace, type TableName } from './encoder-table.ts';
import { RecentValues } from './recent-values.ts';
import { STATIC_COUNT } from './static-table.ts';

/** Maximum used size of the peer's table, regardless of what the peer allows. */
const MAX_TABLE_BYTES = 4096;
/** Larger fields would evict too many others. */
const MAX_INDEXED_BYTES = 1024;
const SHORT_SECRET_BYTES = 20;
/** Strings this short are copied in a loop, which beats the call. */
const SHORT_STRING = 16;

/** Representations (RFC 7541 section 6): the bits of the first byte above the number in it. */
const INDEXED = 0x80;
const LITERAL_INDEXED = 0x40;
const SIZE_UPDATE = 0x20;
const LITERAL_NEVER_INDEXED = 0x10;
const LITERAL = 0x00;

/** The most that a field takes besides its name and value. */
const FIELD_OVERHEAD = 16;

const EMPTY = Buffer.alloc(0);

export class HpackEncoder {
  /** Where the present block goes, and the position after it. */
  output: Buffer = EMPTY;
  at = 0;
  #tableLimit = MAX_TABLE_BYTES;
  readonly #table = new EncoderTable(MAX_TABLE_BYTES);
  readonly #recent = new RecentValues();
  /** A size update that must open the next block (RFC 7541 section 4.2); -1 = none. */
  #pendingResize = -1;

  /** The peer's SETTINGS_HEADER_TABLE_SIZE. */
  setPeerLimit(bytes: number): void {
    const limit = Math.min(bytes, MAX_TABLE_BYTES);
    if (limit === this.#tableLimit) return;
    this.#tableLimit = limit;
    this.#pendingResize = this.#pendingResize === -1 ? limit : Math.min(this.#pendingResize, limit);
    this.#table.resize(limit);
  }

  /** Opens a block at `at`. */
  begin(output: Buffer, at: number): void {
    this.output = output;
    this.at = at;
    if (this.#pendingResize === -1) return;
    if (this.#pendingResize < this.#tableLimit) this.#integer(SIZE_UPDATE, 0x1f, this.#pendingResize);
    this.#pendingResize = -1;
    this.#integer(SIZE_UPDATE, 0x1f, this.#tableLimit);
  }

  /** The block so far was copied to `output` and goes on at `at`. */
  moveTo(output: Buffer, at: number): void {
    this.output = output;
    this.at = at;
  }

  /** Room that a field needs at the most. */
  static room(name: string, value: string): number {
    return name.length + value.length + FIELD_OVERHEAD;
  }

  /** Writes one field; `name` in lower case, both of octets. `place`: see `NamePlace`. */
  write(name: string, value: string, place: number = NamePlace.other): void {
    const known = this.#table.nameOf(name, place);
    const index = this.#indexOf(known, value);
    if (index > 0) {
      this.#integer(INDEXED, 0x7f, index);
      return;
    }
    switch (known.rule.policy) {
      case 'index':
        this.#literal(known, value, this.#fits(known, value));
        return;
      case 'repeat':
        this.#literal(known, value, this.#fits(known, value) && this.#recent.note(value));
        return;
      case 'never':
        this.#literal(known, value, false);
        return;
      case 'secret':
        this.#secret(known, value);
        return;
      case 'secret-if-short':
        if (value.length < SHORT_SECRET_BYTES) this.#secret(known, value);
        else this.#literal(known, value, this.#fits(known, value));
    }
  }

  /** Writes a never-indexed field. */
  writeNeverIndexed(name: string, value: string): void {
    this.#secret(this.#table.nameOf(name, NamePlace.other), value);
  }

  /** In either table; 0 = in none. */
  #indexOf(known: TableName, value: string): number {
    const number = known.find(value);
    if (number >= 0) return STATIC_COUNT + 1 + this.#table.ageOf(number);
    return known.rule.staticValues?.get(value) ?? 0;
  }

  #fits(known: TableName, value: string): boolean {
    const bytes = known.name.length + value.length;
    return bytes <= MAX_INDEXED_BYTES && this.#table.fits(bytes);
  }

  #literal(known: TableName, value: string, isIndexed: boolean): void {
    if (isIndexed) {
      this.#integer(LITERAL_INDEXED, 0x3f, known.rule.staticIndex);
      this.#table.insert(known, value);
    } else this.#integer(LITERAL, 0x0f, known.rule.staticIndex);
    if (known.rule.staticIndex === 0) this.#string(known.name);
    this.#string(value);
  }

  #secret(known: TableName, value: string): void {
    this.#integer(LITERAL_NEVER_INDEXED, 0x0f, known.rule.staticIndex);
    if (known.rule.staticIndex === 0) this.#string(known.name);
    this.#string(value);
  }

  /** RFC 7541 section 5.1: in the bits of `mask` of one byte, or in more of them. */
  #integer(flags: number, mask: number, value: number): void {
    const { output } = this;
    if (value < mask) {
      output[this.at++] = flags | value;
      return;
    }
    output[this.at++] = flags | mask;
    let rest = value - mask;
    while (rest >= 0x80) {
      output[this.at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    output[this.at++] = rest;
  }

  #string(text: string): void {
    const { length } = text;
    this.#integer(0x00, 0x7f, length);
    if (length > SHORT_STRING) {
      this.at = writeLatin1(this.output, this.at, text);
      return;
    }
    const { output, at } = this;
    for (let index = 0; index < length; index++) output[at + index] = text.charCodeAt(index);
    this.at = at + length;
  }
}
