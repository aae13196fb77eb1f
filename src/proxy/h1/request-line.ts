/** The request line: `method SP request-target SP HTTP-version CRLF` (RFC 9112 section 3), and nothing more lenient. */
import type { ReasonCode } from '../../ir/reason.ts';
import { INCOMPLETE, MALFORMED } from '../message/field-table.ts';
import {
  DOT,
  ODD_IN_PATH,
  QUESTION_MARK,
  SLASH,
  SPACE,
  TARGET,
  TOKEN,
  ZERO,
} from '../message/byte-tables.ts';

const MAX_METHOD_BYTES = 32;
/** `0` matches any digit. */
const VERSION_PATTERN = Buffer.from('HTTP/0.0\r\n', 'latin1');
const MAJOR_AT = 5;
const MINOR_AT = 7;

export class RequestLine {
  methodFrom = 0;
  methodTo = 0;
  targetFrom = 0;
  targetTo = 0;
  /** Position of the first `?` of the target; `targetTo` when there is none. */
  pathTo = 0;
  /** The path may differ from its normal form. */
  pathIsOdd = false;
  /** 0 or 1: the version is HTTP/1.`minor`. */
  minor = 1;
  /** False when it has neither a path nor an HTTP version: its sender would not understand a response either. */
  isHttp = true;
  refusal: ReasonCode = 'bad_request';

  /** Returns the position after the line's CRLF, INCOMPLETE, or MALFORMED with `refusal` set. */
  parse(buffer: Buffer, at: number, end: number, targetBytes: number): number {
    this.refusal = 'bad_request';
    this.isHttp = true;
    this.methodFrom = at;
    this.methodTo = at;
    let position = at;
    while (position < end && TOKEN[buffer[position] as number] === 1) position++;
    if (position - at > MAX_METHOD_BYTES) return this.#refuse('not_implemented');
    if (position >= end) return INCOMPLETE;
    if (buffer[position] !== SPACE || position === at) return MALFORMED;
    this.methodTo = position;
    position = this.#parseTarget(buffer, position + 1, end);
    const isTooLong = position - this.targetFrom > targetBytes && targetBytes > 0;
    if (isTooLong) return this.#refuse('uri_too_long');
    if (position >= end) return INCOMPLETE;
    if (buffer[position] !== SPACE || position === this.targetFrom) return MALFORMED;
    return this.#parseVersion(buffer, position + 1, end);
  }

  #refuse(reason: ReasonCode): number {
    this.refusal = reason;
    return MALFORMED;
  }

  #parseTarget(buffer: Buffer, at: number, end: number): number {
    this.targetFrom = at;
    this.pathIsOdd = false;
    let position = at;
    for (; position < end; position++) {
      const byte = buffer[position] as number;
      if (byte === SLASH) {
        const next = position + 1 < end ? buffer[position + 1] : SPACE;
        if (next === SLASH || next === DOT) this.pathIsOdd = true;
      } else if (byte === QUESTION_MARK || TARGET[byte] !== 1) break;
      else if (ODD_IN_PATH[byte] === 1) this.pathIsOdd = true;
    }
    this.pathTo = position;
    while (position < end && TARGET[buffer[position] as number] === 1) position++;
    this.targetTo = position;
    return position;
  }

  #parseVersion(buffer: Buffer, at: number, end: number): number {
    for (let index = 0; index < VERSION_PATTERN.length; index++) {
      if (at + index >= end) return INCOMPLETE;
      const byte = buffer[at + index] as number;
      const expected = VERSION_PATTERN[index] as number;
      if (expected === ZERO ? byte >= ZERO && byte <= ZERO + 9 : byte === expected) continue;
      this.isHttp = index >= MAJOR_AT || buffer[this.targetFrom] === SLASH;
      return MALFORMED;
    }
    const minor = (buffer[at + MINOR_AT] as number) - ZERO;
    if (buffer[at + MAJOR_AT] !== ZERO + 1 || minor > 1) return this.#refuse('version_not_supported');
    this.minor = minor;
    return at + VERSION_PATTERN.length;
  }
}
