/**
 * The chunked transfer coding, decoded (RFC 9112 section 7.1). Payload is moved together in the read buffer, so that each read
 * yields one run of bytes, whatever the chunks were. The coding is never passed on: the writer makes chunks of its own, so what a
 * lenient peer might misread (extensions, leading zeros) ends here.
 */
import { FieldTable } from '../message/field-table.ts';
import { CR, HEX_VALUE, LF, SEMICOLON, SPACE, TAB, VALUE } from '../message/byte-tables.ts';

const SIZE = 0;
const SIZE_SPACE = 1;
const EXTENSION = 2;
const SIZE_LF = 3;
const DATA = 4;
const DATA_CR = 5;
const DATA_LF = 6;
const TRAILER_START = 7;
const TRAILER = 8;
const FINAL_LF = 9;

const MAX_SIZE_DIGITS = 16;
const MAX_CHUNK_BYTES = 2 ** 48;
/** Per body: enough for legitimate extensions, not for a body that is mostly extensions. */
const MAX_EXTENSION_BYTES = 16_384;
const MAX_TRAILER_BYTES = 8_192;

/** `decode` found invalid chunked coding. */
export const BROKEN = -1;

export class ChunkedDecoder {
  /** What the last `decode` found is `buffer[payloadFrom, payloadTo)`. */
  payloadFrom = 0;
  payloadTo = 0;
  /** The body is complete. */
  ended = false;
  /** Set when the body is complete and had trailer fields; valid until the next `reset`. */
  trailers: FieldTable | null = null;
  #state = SIZE;
  /** Bytes left of the current chunk; while its size line is read, the size so far. */
  #size = 0;
  #digits = 0;
  #extensionBytes = 0;
  #trailerBytes: number[] = [];
  #hasPayload = false;

  reset(): void {
    this.ended = false;
    this.trailers = null;
    this.#state = SIZE;
    this.#size = 0;
    this.#digits = 0;
    this.#extensionBytes = 0;
    if (this.#trailerBytes.length > 0) this.#trailerBytes = [];
  }

  /**
   * Decodes `buffer[from, to)`, which it may rearrange. Returns the position after the last byte used: `to`, or less when the
   * body ended there. BROKEN when it is malformed.
   */
  decode(buffer: Buffer, from: number, to: number): number {
    this.payloadFrom = from;
    this.payloadTo = from;
    this.#hasPayload = false;
    let position = from;
    while (position < to && !this.ended) {
      if (this.#state === DATA) position = this.#takeData(buffer, position, to);
      else if (!this.#step(buffer[position++] as number)) return BROKEN;
    }
    return position;
  }

  #takeData(buffer: Buffer, position: number, to: number): number {
    const length = Math.min(this.#size, to - position);
    if (!this.#hasPayload) {
      this.#hasPayload = true;
      this.payloadFrom = position;
      this.payloadTo = position;
    } else if (this.payloadTo !== position) {
      buffer.copyWithin(this.payloadTo, position, position + length);
    }
    this.payloadTo += length;
    this.#size -= length;
    if (this.#size === 0) this.#state = DATA_CR;
    return position + length;
  }

  /** Takes one byte of framing; false when it is not allowed there. */
  #step(byte: number): boolean {
    switch (this.#state) {
      case SIZE:
        return this.#takeSize(byte);
      case SIZE_SPACE:
      case EXTENSION:
        return this.#takeExtension(byte);
      case SIZE_LF:
        this.#state = this.#size === 0 ? TRAILER_START : DATA;
        this.#digits = 0;
        return byte === LF;
      case DATA_CR:
        this.#state = DATA_LF;
        return byte === CR;
      case DATA_LF:
        this.#state = SIZE;
        return byte === LF;
      case FINAL_LF:
        this.ended = true;
        return byte === LF;
      default:
        return this.#takeTrailer(byte);
    }
  }

  #takeSize(byte: number): boolean {
    const digit = HEX_VALUE[byte] as number;
    if (digit !== 255) {
      this.#size = this.#size * 16 + digit;
      return ++this.#digits <= MAX_SIZE_DIGITS && this.#size <= MAX_CHUNK_BYTES;
    }
    if (this.#digits === 0) return false;
    if (byte === CR) this.#state = SIZE_LF;
    else if (byte === SEMICOLON) this.#state = EXTENSION;
    else if (byte === SPACE || byte === TAB) this.#state = SIZE_SPACE;
    else return false;
    return true;
  }

  #takeExtension(byte: number): boolean {
    if (this.#state === SIZE_SPACE) {
      if (byte === SEMICOLON) this.#state = EXTENSION;
      else if (byte !== SPACE && byte !== TAB) return false;
    } else if (byte === CR) this.#state = SIZE_LF;
    else if (VALUE[byte] !== 1) return false;
    return ++this.#extensionBytes <= MAX_EXTENSION_BYTES;
  }

  #takeTrailer(byte: number): boolean {
    if (this.#state === TRAILER_START && byte === CR && this.#trailerBytes.length === 0) {
      this.#state = FINAL_LF;
      return true;
    }
    this.#state = TRAILER;
    const bytes = this.#trailerBytes;
    if (bytes.push(byte) > MAX_TRAILER_BYTES) return false;
    const atLineEnd = byte === LF;
    return !atLineEnd || this.#parseTrailersIfComplete(bytes);
  }

  /** At the end of each line: true unless what has come so far is malformed. */
  #parseTrailersIfComplete(bytes: readonly number[]): boolean {
    const { length } = bytes;
    const isLastLine = bytes[length - 2] === CR && bytes[length - 3] === LF && bytes[length - 4] === CR;
    if (!isLastLine) return bytes[length - 2] === CR;
    const table = new FieldTable();
    if (table.parse(Buffer.from(bytes), 0, length) !== length) return false;
    this.trailers = table;
    this.ended = true;
    return true;
  }
}
