/** Character classes of HTTP/1.1 as lookup tables over byte values, and the bytes that the grammar names. */
import { nameHash } from './name-hash.ts';
import { HEADER_IDS, HeaderId, wellKnownHeaders } from './header-id.ts';

export const TAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SPACE = 0x20;
export const DASH = 0x2d;
export const UNDERSCORE = 0x5f;
const HASH = 0x23;
const PERCENT = 0x25;
export const DOT = 0x2e;
export const SLASH = 0x2f;
export const ZERO = 0x30;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;
export const QUESTION_MARK = 0x3f;
const BACKSLASH = 0x5c;

const TOKEN_CHARACTERS = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const HOST_CHARACTERS = 'abcdefghijklmnopqrstuvwxyz0123456789-._~';

function tableOf(belongs: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (belongs(byte) ? 1 : 0));
}

function lowerCase(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 32 : byte;
}

/** tchar (RFC 9110 section 5.6.2): methods and field names. */
export const TOKEN = tableOf((byte) => TOKEN_CHARACTERS.includes(String.fromCharCode(byte)));

/** The lower-case form of a tchar; 0 for every other byte. */
export const LOWER_TOKEN = Uint8Array.from({ length: 256 }, (_, byte) =>
  TOKEN[byte] === 1 ? lowerCase(byte) : 0,
);

/** `LOWER_TOKEN` without `_`: what nearly all field names consist of. */
export const LOWER_NAME = Uint8Array.from(LOWER_TOKEN, (lower, byte) => (byte === UNDERSCORE ? 0 : lower));

/** field-content, SP and HTAB (RFC 9110 section 5.5): no control characters, so no CR, LF or NUL. */
export const VALUE = tableOf((byte) => byte === TAB || (byte >= 0x20 && byte !== 0x7f));

/**
 * Octets of a request target. RFC 3986 allows fewer, and browsers send some of those it does not (`|`, `{`, `"`). Controls,
 * space, `#` and anything beyond ASCII never pass: what they mean differs between implementations.
 */
export const TARGET = tableOf((byte) => byte > 0x20 && byte < 0x7f && byte !== HASH);

/**
 * Octets that make a path worth normalizing, `/` aside: percent-encoding, and separators that some backends know. A path
 * without them, without `//` and without `/.` is its own normal form.
 */
export const ODD_IN_PATH = tableOf((byte) => byte === PERCENT || byte === BACKSLASH || byte === SEMICOLON);

/** Lower-case form of what is allowed in a host name or IPv4 address; 0 for every other byte. */
export const LOWER_HOST = Uint8Array.from({ length: 256 }, (_, byte) =>
  HOST_CHARACTERS.includes(String.fromCharCode(lowerCase(byte))) && byte > 0x20 ? lowerCase(byte) : 0,
);

/** Value of a hexadecimal digit; 255 for every other byte. */
export const HEX_VALUE = Uint8Array.from({ length: 256 }, (_, byte) => {
  const value = parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(value) ? 255 : value;
});

/** Well-known names by hash: open addressing, verified byte by byte after a hit. */
const SLOTS = 256;
const slotId = new Uint8Array(SLOTS);
const slotHash = new Int32Array(SLOTS);

/** Lower-case bytes of the well-known name of each id. */
export const NAME_BYTES: readonly Buffer[] = (() => {
  const names = new Array<Buffer>(HEADER_IDS).fill(Buffer.alloc(0));
  for (const [name, id] of wellKnownHeaders()) {
    names[id] = Buffer.from(name, 'latin1');
    const hash = nameHash(name);
    let slot = firstSlot(hash);
    while (slotId[slot] !== HeaderId.other) slot = (slot + 1) & (SLOTS - 1);
    slotId[slot] = id;
    slotHash[slot] = hash;
  }
  return names;
})();

function firstSlot(hash: number): number {
  return (hash ^ (hash >>> 8)) & (SLOTS - 1);
}

/** The id whose name has this hash: a candidate, to be verified with `equalsName`. `HeaderId.other` when there is none. */
export function candidateId(hash: number): number {
  let slot = firstSlot(hash);
  for (;;) {
    const id = slotId[slot] as number;
    if (id === HeaderId.other || slotHash[slot] === hash) return id;
    slot = (slot + 1) & (SLOTS - 1);
  }
}

/** True when `buffer[from, to)` is `name` (lower-case bytes) in any case. */
export function equalsName(buffer: Buffer, from: number, to: number, name: Uint8Array): boolean {
  if (to - from !== name.length) return false;
  for (let index = 0; index < name.length; index++) {
    if (LOWER_TOKEN[buffer[from + index] as number] !== name[index]) return false;
  }
  return true;
}
