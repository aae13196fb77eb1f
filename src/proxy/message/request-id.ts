/**
 * X-Request-Id: 32 hexadecimal digits, 16 of them random per process and 16 counting up. Unique over workers and
 * restarts, cheap enough to give to every request, and not meant to be secret.
 */
import { randomBytes } from 'node:crypto';

const HEX = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));

let last = 0;

/** The next request's number, from 1. */
export function nextRequestNumber(): number {
  return ++last;
}

/** The first half of every id. */
export const REQUEST_ID_PREFIX = randomBytes(8).toString('hex');
const REQUEST_COUNT_BYTES = 16;

/** Writes the second half of a request's id; returns the position after it. */
export function writeRequestCount(buffer: Buffer, at: number, requestNumber: number): number {
  let low = requestNumber | 0;
  let high = (requestNumber / 0x1_0000_0000) | 0;
  for (let digit = 7; digit >= 0; digit--) {
    buffer[at + digit] = HEX[high & 15] as number;
    buffer[at + 8 + digit] = HEX[low & 15] as number;
    low >>>= 4;
    high >>>= 4;
  }
  return at + REQUEST_COUNT_BYTES;
}

/** The whole id of a request number. */
export function formatRequestId(requestNumber: number): string {
  return REQUEST_ID_PREFIX + requestNumber.toString(16).padStart(16, '0');
}
