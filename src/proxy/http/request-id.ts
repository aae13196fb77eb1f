/**
 * X-Request-Id: 32 hexadecimal digits, 16 of them random per process and 16 counting up. Unique over workers and
 * restarts, cheap enough to give to every request, and not meant to be secret.
 */
import { randomBytes } from 'node:crypto';

const HEX = Buffer.from('0123456789abcdef', 'latin1');
const PREFIX = randomBytes(8);
const PREFIX_HEX = Buffer.from(PREFIX.toString('hex'), 'latin1');
const PREFIX_TEXT = PREFIX_HEX.toString('latin1');

/** Bytes that `writeRequestId` writes. */
export const REQUEST_ID_BYTES = 32;

let last = 0;

/** The next request's number, from 1. */
export function nextRequestNumber(): number {
  return ++last;
}

/** Writes the id of a request number as ASCII; returns the position after it. */
export function writeRequestId(buffer: Buffer, at: number, requestNumber: number): number {
  buffer.set(PREFIX_HEX, at);
  let rest = requestNumber;
  for (let position = at + REQUEST_ID_BYTES - 1; position >= at + 16; position--) {
    buffer[position] = HEX[rest % 16] ?? 0;
    rest = Math.floor(rest / 16);
  }
  return at + REQUEST_ID_BYTES;
}

export function formatRequestId(requestNumber: number): string {
  return PREFIX_TEXT + requestNumber.toString(16).padStart(16, '0');
}
