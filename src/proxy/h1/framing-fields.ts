/**
 * Fields that frame a message or are connection-level. The same rules apply to requests and responses,
 * because a message that two implementations frame differently allows request smuggling (RFC 9112 section 11.2).
 */
import type { ReasonCode } from '../../ir/reason.ts';
import { UNKNOWN_LENGTH } from '../message/head.ts';
import { HeaderId } from '../message/header-id.ts';
import { latin1 } from '../net/latin1.ts';
import type { FieldTable } from '../message/field-table.ts';
import { ZERO, equalsName } from '../message/byte-tables.ts';

const CHUNKED = Buffer.from('chunked', 'latin1');
const CLOSE = Buffer.from('close', 'latin1');
const KEEP_ALIVE = Buffer.from('keep-alive', 'latin1');
const WHOLE_TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Digits of the largest safe integer. */
const MAX_LENGTH_DIGITS = 16;

/** A Content-Length value: digits only (no sign, no list, no white space), at most 2^53 - 1; else -1. */
function parseContentLength(buffer: Buffer, from: number, to: number): number {
  const digits = to - from;
  if (digits === 0 || digits > MAX_LENGTH_DIGITS) return -1;
  let length = 0;
  for (let position = from; position < to; position++) {
    const digit = (buffer[position] as number) - ZERO;
    if (digit < 0 || digit > 9) return -1;
    length = length * 10 + digit;
  }
  return Number.isSafeInteger(length) ? length : -1;
}

/** The framing of one head. Filled by `read`. */
export class Framing {
  /** Declared length, or UNKNOWN_LENGTH. */
  contentLength = UNKNOWN_LENGTH;
  chunked = false;
  /** `Connection: close`, `keep-alive`, `upgrade`. */
  close = false;
  keepAlive = false;
  connectionUpgrade = false;
  /** Lower case; `` without one. Counts only together with `connectionUpgrade`. */
  upgrade = '';
  acceptsTrailers = false;
  #hasLength = false;

  /**
   * Reads the connection-level and framing fields of a head; hides fields that Connection lists.
   * Returns null, or why the head must be refused.
   */
  read(fields: FieldTable): ReasonCode | null {
    this.contentLength = UNKNOWN_LENGTH;
    this.#hasLength = false;
    this.chunked = false;
    this.close = false;
    this.keepAlive = false;
    this.connectionUpgrade = false;
    this.upgrade = '';
    this.acceptsTrailers = false;
    for (let index = 0; index < fields.count; index++) {
      const id = fields.ids[index] as number;
      if (id === HeaderId.other || id > HeaderId.contentLength) continue;
      const refusal = this.#readField(fields, index, id);
      if (refusal !== null) return refusal;
    }
    return this.#hasBoth() ? 'bad_request' : null;
  }

  /** No getter: V8 calls its runtime for each read of a private one. */
  #hasBoth(): boolean {
    return this.chunked && this.#hasLength;
  }

  #readField(fields: FieldTable, index: number, id: number): ReasonCode | null {
    switch (id) {
      case HeaderId.contentLength:
        return this.#readContentLength(fields, index);
      case HeaderId.transferEncoding:
        return this.#readTransferEncoding(fields, index);
      case HeaderId.connection:
        return this.#readConnection(fields, index);
      case HeaderId.upgrade:
        // A list offers a choice; the gateway passes on the first. Repeated fields are ignored as unreliable.
        this.upgrade = this.upgrade === '' ? fields.value(index).toLowerCase() : ',';
        return null;
      case HeaderId.te:
        this.acceptsTrailers ||= listsTrailers(fields.value(index));
        return null;
      default:
        return null;
    }
  }

  #readContentLength(fields: FieldTable, index: number): ReasonCode | null {
    if (this.#hasLength) return 'bad_request';
    this.#hasLength = true;
    this.contentLength = parseContentLength(fields.buffer, fields.valueFrom(index), fields.valueTo(index));
    return this.contentLength < 0 ? 'bad_request' : null;
  }

  /** Exactly `chunked`, once. Other codings exist but clients do not send them; a list could hide one that we read differently. */
  #readTransferEncoding(fields: FieldTable, index: number): ReasonCode | null {
    if (this.chunked) return 'bad_request';
    if (!equalsName(fields.buffer, fields.valueFrom(index), fields.valueTo(index), CHUNKED)) {
      return 'not_implemented';
    }
    this.chunked = true;
    return null;
  }

  #readConnection(fields: FieldTable, index: number): ReasonCode | null {
    const { buffer } = fields;
    const from = fields.valueFrom(index);
    const to = fields.valueTo(index);
    if (equalsName(buffer, from, to, KEEP_ALIVE)) this.keepAlive = true;
    else if (equalsName(buffer, from, to, CLOSE)) this.close = true;
    else return this.#readConnectionOptions(fields, latin1(buffer, from, to));
    return null;
  }

  #readConnectionOptions(fields: FieldTable, value: string): ReasonCode | null {
    for (const element of value.toLowerCase().split(',')) {
      const option = element.trim();
      if (option === '') continue;
      if (!WHOLE_TOKEN.test(option)) return 'bad_request';
      if (option === 'close') this.close = true;
      else if (option === 'keep-alive') this.keepAlive = true;
      else if (option === 'upgrade') this.connectionUpgrade = true;
      else nominate(fields, option);
    }
    return null;
  }
}

/** TE is a list of codings, each perhaps with a weight, and of the word `trailers` (RFC 9110 section 10.1.4). */
const listsTrailers = (value: string): boolean =>
  value.split(',').some((element) => element.trim().toLowerCase() === 'trailers');

/**
 * Hides fields that Connection lists, so they are not forwarded. Only fields without an id: Host, Cookie, Authorization, framing
 * and forwarding fields have one, and a client must not be able to remove them.
 */
function nominate(fields: FieldTable, name: string): void {
  for (let index = 0; index < fields.count; index++) {
    if (fields.ids[index] === HeaderId.other && fields.name(index) === name) {
      fields.ids[index] = HeaderId.hidden;
    }
  }
}
