/** Host: `uri-host [ ":" port ]` (RFC 9110 section 7.2), read strictly, because routing depends on it. */
import { latin1 } from '../net/latin1.ts';
import { COLON, DOT, HEX_VALUE, LOWER_HOST, ZERO } from './byte-tables.ts';

const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const MAX_HOST_BYTES = 255;

/**
 * The host of `buffer[from, to)` in lower case, without port and without a final dot; null when it is not a valid host.
 * User information, white space, lists and percent-encoding are not: no client needs them here.
 */
export function parseHost(buffer: Buffer, from: number, to: number): string | null {
  const hostTo = buffer[from] === OPEN_BRACKET ? endOfLiteral(buffer, from, to) : endOfName(buffer, from, to);
  if (hostTo <= from || hostTo - from > MAX_HOST_BYTES || !isPort(buffer, hostTo, to)) return null;
  const withoutDot = buffer[hostTo - 1] === DOT ? hostTo - 1 : hostTo;
  if (withoutDot === from) return null;
  const host = latin1(buffer, from, withoutDot);
  return hasUpperCase(buffer, from, withoutDot) ? host.toLowerCase() : host;
}

function endOfName(buffer: Buffer, from: number, to: number): number {
  let position = from;
  while (position < to && LOWER_HOST[buffer[position] as number] !== 0) position++;
  return position;
}

/** IPv6 literal: only its character set is checked, since it is compared as text and never dialled. */
function endOfLiteral(buffer: Buffer, from: number, to: number): number {
  let position = from + 1;
  while (position < to && buffer[position] !== CLOSE_BRACKET) {
    const byte = buffer[position] as number;
    if (HEX_VALUE[byte] === 255 && byte !== COLON && byte !== DOT) return from;
    position++;
  }
  return position < to && position > from + 2 ? position + 1 : from;
}

/** Nothing, or a colon and up to five digits of at most 65535. An empty port is allowed by RFC 3986. */
function isPort(buffer: Buffer, from: number, to: number): boolean {
  if (from === to) return true;
  if (buffer[from] !== COLON || to - from > 6) return false;
  let port = 0;
  for (let position = from + 1; position < to; position++) {
    const digit = (buffer[position] as number) - ZERO;
    if (digit < 0 || digit > 9) return false;
    port = port * 10 + digit;
  }
  return port <= 65_535;
}

/** An ASCII letter in upper case is in `buffer[from, to)`. */
export function hasUpperCase(buffer: Buffer, from: number, to: number): boolean {
  for (let position = from; position < to; position++) {
    const byte = buffer[position] as number;
    if (byte >= 0x41 && byte <= 0x5a) return true;
  }
  return false;
}

/** Whether two authorities are the same once a default port is left out (RFC 9113 section 8.3.1, RFC 9110 section 4.2.3). */
export function isSameAuthority(one: string, other: string, scheme: string): boolean {
  return one === other || normalAuthority(one, scheme) === normalAuthority(other, scheme);
}

function normalAuthority(authority: string, scheme: string): string {
  const defaultPort = scheme.toLowerCase() === 'https' ? ':443' : ':80';
  const text = authority.toLowerCase();
  return text.endsWith(defaultPort) ? text.slice(0, -defaultPort.length) : text;
}
