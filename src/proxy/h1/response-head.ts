/** A response's head over the received bytes: one instance parses all messages of a connection. As strict as for requests. */
import { UNKNOWN_LENGTH, type ResponseHead } from '../message/head.ts';
import { FieldTableHead } from '../message/field-table-head.ts';
import { FieldTable, INCOMPLETE, MALFORMED } from '../message/field-table.ts';
import { Framing } from './framing-fields.ts';
import { CR, LF, SPACE, VALUE, ZERO } from '../message/byte-tables.ts';

/** `0` matches any digit; then SP and the reason phrase, or the CRLF. */
const STATUS_PATTERN = Buffer.from('HTTP/1.0 000', 'latin1');
const MINOR_AT = 7;
const STATUS_AT = 9;

const EMPTY = Buffer.alloc(0);

export class H1ResponseHead extends FieldTableHead implements ResponseHead {
  readonly framing = new Framing();
  buffer: Buffer = EMPTY;
  /** The head is `buffer[from, to)`, from its status line to its final empty line. */
  from = 0;
  to = 0;
  status = 0;
  minor = 1;
  hasBody = false;
  /** The status line can be passed on unchanged. */
  lineIsPlain = true;
  readonly #headBytes: number;

  constructor(headBytes: number) {
    super(new FieldTable());
    this.#headBytes = headBytes;
  }

  /**
   * Parses the head that starts at `at`; `isAnswerToHead`: to a HEAD request. Returns the position after it, INCOMPLETE or
   * MALFORMED (also for a head beyond the limit).
   */
  parse(buffer: Buffer, at: number, end: number, isAnswerToHead: boolean): number {
    const limit = end - at < this.#headBytes ? end : at + this.#headBytes;
    this.buffer = buffer;
    this.from = at;
    const fieldsAt = this.#parseStatusLine(buffer, at, limit);
    const result = fieldsAt > 0 ? this.fields.parse(buffer, fieldsAt, limit) : fieldsAt;
    if (result === INCOMPLETE) return limit < end ? MALFORMED : INCOMPLETE;
    if (result < 0) return MALFORMED;
    this.to = result;
    return this.#interpret(isAnswerToHead) ? result : MALFORMED;
  }

  #parseStatusLine(buffer: Buffer, at: number, end: number): number {
    for (let index = 0; index < STATUS_PATTERN.length; index++) {
      if (at + index >= end) return INCOMPLETE;
      const byte = buffer[at + index] as number;
      const expected = STATUS_PATTERN[index] as number;
      if (expected === ZERO ? byte < ZERO || byte > ZERO + 9 : byte !== expected) return MALFORMED;
    }
    this.minor = digitAt(buffer, at + MINOR_AT);
    this.status =
      digitAt(buffer, at + STATUS_AT) * 100 +
      digitAt(buffer, at + STATUS_AT + 1) * 10 +
      digitAt(buffer, at + STATUS_AT + 2);
    if (this.minor > 1 || this.status < 100 || this.status > 599) return MALFORMED;
    return this.#parseReasonPhrase(buffer, at + STATUS_PATTERN.length, end);
  }

  #parseReasonPhrase(buffer: Buffer, at: number, end: number): number {
    // The grammar requires the space even before an empty phrase, but many servers omit it.
    this.lineIsPlain = buffer[at] === SPACE;
    if (at < end && !this.lineIsPlain && buffer[at] !== CR) return MALFORMED;
    let position = at;
    while (position < end && VALUE[buffer[position] as number] === 1) position++;
    if (position < end && buffer[position] !== CR) return MALFORMED;
    if (position + 1 >= end) return INCOMPLETE;
    return buffer[position + 1] === LF ? position + 2 : MALFORMED;
  }

  #interpret(isAnswerToHead: boolean): boolean {
    const { framing, status } = this;
    if (framing.read(this.fields) !== null) return false;
    if (this.minor === 0) {
      if (framing.chunked) return false;
      framing.close = framing.close || !framing.keepAlive;
    }
    // RFC 9112 section 6.3: these end with their head. A length here is suspicious, so reject it.
    const isBodiless = status < 200 || status === 204;
    if (isBodiless && (framing.chunked || framing.contentLength > 0)) return false;
    this.hasBody = !isBodiless && status !== 304 && !isAnswerToHead && framing.contentLength !== 0;
    return true;
  }

  /** The body ends with the connection. */
  get endsWithConnection(): boolean {
    return this.hasBody && !this.framing.chunked && this.framing.contentLength === UNKNOWN_LENGTH;
  }
  get contentLength(): number {
    return this.hasBody ? this.framing.contentLength : 0;
  }
}

function digitAt(buffer: Buffer, at: number): number {
  return (buffer[at] as number) - ZERO;
}
