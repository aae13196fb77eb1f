/**
 * IP addresses as 32-bit words, parsed without allocation: for code that looks at the client's address of every request. IPv4-mapped IPv6
 * addresses are IPv4. `parseIp` is the readable definition, and tests compare the two.
 */

export interface IpWords {
  family: 0 | 4 | 6;
  /** IPv4: the first word. IPv6: all four, the most significant first. */
  readonly words: Uint32Array;
}

const WORD_BITS = 32;

/** The first `bits` bits of a word: none of it below 1, all of it from 32 on. */
export const prefixMask = (bits: number): number =>
  bits <= 0 ? 0 : bits >= WORD_BITS ? -1 : -1 << (WORD_BITS - bits);

export const newIpWords = (): IpWords => ({ family: 0, words: new Uint32Array(4) });

const ZERO = 48;
const DOT = 46;
const COLON = 58;
const PERCENT = 37;
/** What only an IPv4-mapped address has in its third word. */
const MAPPED = 0xffff;

/** Sets `into`; family 0 when `text` is no address. A zone (`%eth0`) is ignored. */
export function readIpWords(text: string, into: IpWords): IpWords {
  const zone = text.indexOf('%');
  const end = zone === -1 ? text.length : zone;
  into.family = 0;
  let at = 0;
  while (at < end && text.charCodeAt(at) !== COLON && text.charCodeAt(at) !== DOT) at++;
  if (text.charCodeAt(at) === DOT && at < end) readV4(text, end, into);
  else if (at < end) readV6(text, end, into);
  return into;
}

function readV4(text: string, end: number, into: IpWords): void {
  if (text.charCodeAt(end) === PERCENT) return;
  const value = v4At(text, 0, end);
  if (value < 0) return;
  into.words[0] = value;
  into.family = 4;
}

/** The dotted address from `at` to `end`; -1 for anything else. */
function v4At(text: string, at: number, end: number): number {
  let value = 0;
  let octet = 0;
  let digits = 0;
  let octets = 1;
  for (let index = at; index < end; index++) {
    const code = text.charCodeAt(index);
    if (code === DOT) {
      if (digits === 0 || octets === 4) return -1;
      value = value * 256 + octet;
      octet = 0;
      digits = 0;
      octets++;
      continue;
    }
    const digit = code - ZERO;
    // Leading zeros would be octal elsewhere.
    if (digit < 0 || digit > 9 || (digits > 0 && octet === 0)) return -1;
    octet = octet * 10 + digit;
    digits++;
    if (octet > 255) return -1;
  }
  return digits === 0 || octets !== 4 ? -1 : value * 256 + octet;
}

/** Groups before and after `::`; at most eight. */
const groups = new Uint16Array(8);

function readV6(text: string, end: number, into: IpWords): void {
  let count = 0;
  let gap = -1;
  let at = 0;
  if (text.charCodeAt(0) === COLON) {
    if (text.charCodeAt(1) !== COLON) return;
    gap = 0;
    at = 2;
  }
  while (at < end) {
    if (count === 8) return;
    const stop = groupEnd(text, at, end);
    if (stop < end && text.charCodeAt(stop) === DOT) {
      if (!addV4(text, at, end, count)) return;
      count += 2;
      break;
    }
    const value = hexAt(text, at, stop);
    if (value < 0) return;
    groups[count++] = value;
    at = stop;
    if (at === end) break;
    at++;
    if (at === end) return;
    if (text.charCodeAt(at) !== COLON) continue;
    if (gap !== -1) return;
    gap = count;
    at++;
  }
  spread(count, gap, into);
}

/** Adds the dotted address at the end of an IPv6 one as two groups; false for anything else. */
function addV4(text: string, at: number, end: number, count: number): boolean {
  const value = v4At(text, at, end);
  if (value < 0 || count > 6) return false;
  groups[count] = value >>> 16;
  groups[count + 1] = value & 0xffff;
  return true;
}

function groupEnd(text: string, at: number, end: number): number {
  let stop = at;
  while (stop < end && text.charCodeAt(stop) !== COLON && text.charCodeAt(stop) !== DOT) stop++;
  return stop;
}

/** One to four hexadecimal digits; -1 for anything else. */
function hexAt(text: string, at: number, end: number): number {
  if (end === at || end - at > 4) return -1;
  let value = 0;
  for (let index = at; index < end; index++) {
    const digit = hexDigit(text.charCodeAt(index));
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

function hexDigit(code: number): number {
  if (code >= ZERO && code <= 57) return code - ZERO;
  const letter = code | 0x20;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}

/** Sets the words from `count` groups, with zeros at `gap`; -1: there is none, and all eight groups are needed. */
function spread(count: number, gap: number, into: IpWords): void {
  if (gap === -1 ? count !== 8 : count === 8) return;
  const { words } = into;
  words.fill(0);
  const shift = 8 - count;
  for (let index = 0; index < count; index++) {
    const place = index < gap || gap === -1 ? index : index + shift;
    const value = groups[index] as number;
    words[place >> 1] = (words[place >> 1] as number) | (place % 2 === 0 ? value << 16 : value);
  }
  into.family = 6;
  if (words[0] !== 0 || words[1] !== 0 || words[2] !== MAPPED) return;
  words[0] = words[3] as number;
  into.family = 4;
}
