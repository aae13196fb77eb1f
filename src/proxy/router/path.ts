/**
 * One normalization of request paths, made before matching and forwarded as matched (RFC 3986 section 6.2.2): encoded
 * unreserved characters are decoded, dot segments removed. Paths that two parsers could read differently are rejected.
 *
 * Encoded delimiters and repeated slashes are data to many applications (`/@scope%2fname`, `/web/http://…`), so they are
 * forwarded unchanged; `matchPath` is the reading that rules are compared with, unless they contain such a part themselves.
 */

const PERCENT = 0x25;
const BACKSLASH = 0x5c;
const DOT = 0x2e;
const SLASH = 0x2f;
const HASH = 0x23;

/** The value of a hexadecimal digit, or -1. */
function hexValue(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1;
}

/** The byte encoded at `path[at]` (a percent sign), or -1 when the two digits are not there. */
function encodedByte(path: string, at: number): number {
  if (at + 2 >= path.length) return -1;
  const high = hexValue(path.charCodeAt(at + 1));
  const low = hexValue(path.charCodeAt(at + 2));
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/** ALPHA, DIGIT, `-`, `.`, `_`, `~` (RFC 3986 section 2.3): the same encoded or not. */
function isUnreserved(byte: number): boolean {
  const lower = byte | 0x20;
  if (lower >= 0x61 && lower <= 0x7a) return true;
  if (byte >= 0x30 && byte <= 0x39) return true;
  return byte === 0x2d || byte === DOT || byte === 0x5f || byte === 0x7e;
}

/**
 * The path to match and forward, or null if it must be rejected with 400: a character or escape that no URI may hold, an
 * encoded NUL, backslash or overlong UTF-8, a climb above the root, or what only a further decoding would show of these.
 * Returns `path` itself if nothing changes. `path` starts with `/` and has no query.
 */
export function normalisePath(path: string): string | null {
  if (path.charCodeAt(0) !== SLASH) return null;
  let needsWork = false;
  for (let at = 0; at < path.length; at++) {
    const code = path.charCodeAt(at);
    if (code <= 0x20 || code === BACKSLASH || code === HASH || code >= 0x7f) return null;
    if (code === PERCENT) needsWork = true;
    else if (code === DOT && path.charCodeAt(at - 1) === SLASH) needsWork = true;
  }
  if (!needsWork) return path;
  const decoded = decodeUnreserved(path);
  if (decoded === null || hidesMore(decoded)) return null;
  return removeDotSegments(decoded);
}

/** Escapes of unreserved characters resolved, the others in upper case; null for those that are never legitimate. */
function decodeUnreserved(path: string): string | null {
  let result = '';
  let copied = 0;
  for (let at = path.indexOf('%'); at !== -1; at = path.indexOf('%', at + 3)) {
    const byte = encodedByte(path, at);
    if (byte < 0x20 || byte === BACKSLASH || byte === 0x7f || isOverlong(path, at, byte)) return null;
    result += path.slice(copied, at);
    result += isUnreserved(byte) ? String.fromCharCode(byte) : path.slice(at, at + 3).toUpperCase();
    copied = at + 3;
  }
  return result + path.slice(copied);
}

/** The first byte of a UTF-8 sequence that encodes a character with more bytes than it needs (RFC 3629 section 3). */
function isOverlong(path: string, at: number, byte: number): boolean {
  if (byte === 0xc0 || byte === 0xc1) return true;
  if (byte !== 0xe0 && byte !== 0xf0) return false;
  const next = path.charCodeAt(at + 3) === PERCENT ? encodedByte(path, at + 3) : path.charCodeAt(at + 3);
  return next >= 0x80 && next < (byte === 0xe0 ? 0xa0 : 0x90);
}

/** Number of decodings after which a path must still have no dot segments: some backends decode twice. */
const DECODINGS = 3;

/**
 * Whether a parser that decodes delimiters, decodes again, or drops `;` parameters would find a dot segment that the path does not
 * openly have (`/a%2f..%2fb`, `/a/..;x/b`, `/a/%252e%252e/b`), a backslash or NUL (`/%255cadmin`), or other segments
 * (`/;%2fa/admin` is `/admin` to a reader that drops parameters before it decodes, `/a/admin` to one that decodes first).
 */
function hidesMore(path: string): boolean {
  const open = countDotSegments(path, false);
  let reading = path;
  for (let round = 0; round < DECODINGS; round++) {
    if (countDotSegments(reading, true) !== open || hidesSlashInParameter(reading)) return true;
    if (!reading.includes('%')) return false;
    reading = decodeAll(reading);
    if (/[\\\0]/.test(reading)) return true;
  }
  return countDotSegments(reading, true) !== open;
}

const ENCODED_SLASH = /%(?:25)*2f/i;

function hidesSlashInParameter(path: string): boolean {
  if (!path.includes(';')) return false;
  return path.split('/').some((segment) => {
    const parameters = segment.indexOf(';');
    return parameters >= 0 && ENCODED_SLASH.test(segment.slice(parameters));
  });
}

function countDotSegments(path: string, lenient: boolean): number {
  let count = 0;
  for (let segment of path.split(lenient ? /[/\\]/ : '/')) {
    const parameters = lenient ? segment.indexOf(';') : -1;
    if (parameters >= 0) segment = segment.slice(0, parameters);
    if (segment === '.' || segment === '..') count++;
  }
  return count;
}

/** Every escape decoded once, byte by byte; invalid escapes stay. */
export function decodeAll(path: string): string {
  let result = '';
  let copied = 0;
  let at = path.indexOf('%');
  while (at !== -1) {
    const byte = encodedByte(path, at);
    if (byte >= 0) {
      result += path.slice(copied, at) + String.fromCharCode(byte);
      copied = at + 3;
    }
    at = path.indexOf('%', byte >= 0 ? at + 3 : at + 1);
  }
  return result + path.slice(copied);
}

/** RFC 3986 section 5.2.4; null when `..` would climb above the root. Empty segments stay. */
function removeDotSegments(path: string): string | null {
  if (!path.includes('/.')) return path;
  const output: string[] = [];
  const segments = path.split('/');
  for (let index = 1; index < segments.length; index++) {
    const segment = segments[index] as string;
    const isLast = index === segments.length - 1;
    if (segment === '..') {
      if (output.length === 0) return null;
      output.pop();
      if (isLast) output.push('');
    } else if (segment === '.') {
      if (isLast) output.push('');
    } else output.push(segment);
  }
  return `/${output.join('/')}`;
}

/**
 * The reading of a normalized path that rules are compared with: decoded as often as a backend might, without `;` parameters,
 * repeated slashes as one. A backend may read a path more or less literally than this, but never so that it lands under a rule that
 * this reading avoids. Returns `path` itself if it is the same, as it nearly always is.
 */
export function matchPath(path: string): string {
  return hasManyReadings(path) ? readPath(path, NOTHING_KEPT) : path;
}

const hasManyReadings = (path: string): boolean =>
  path.includes('%') || path.includes(';') || path.includes('//');

/** The parts of a path that a reading keeps as written. */
export interface KeptParts {
  readonly parameters: boolean;
  readonly escapes: boolean;
  readonly slashes: boolean;
}

const NOTHING_KEPT: KeptParts = { parameters: false, escapes: false, slashes: false };

/**
 * The parts that a regular expression for paths contains, and `matchPath` therefore must not drop: `/item;id=[0-9]+`, `/sp%20ace`,
 * `/web/https?://.*`. null when it names none of these. What it does not name still goes, so that `.*\.css` never takes
 * `/admin;.css` from the rule for `/admin`.
 */
export function keptParts(pattern: string): KeptParts | null {
  return hasManyReadings(pattern)
    ? { parameters: pattern.includes(';'), escapes: pattern.includes('%'), slashes: pattern.includes('//') }
    : null;
}

export function readPath(path: string, kept: KeptParts): string {
  let reading = kept.escapes ? path : decodeDeeply(path);
  if (!kept.parameters) reading = withoutParameters(reading);
  return kept.slashes ? reading : reading.replace(/\/{2,}/g, '/');
}

/** `;` and all spellings of it. */
const PARAMETERS = /(?:;|%(?:25)*3b)[^/]*/gi;

function withoutParameters(path: string): string {
  return path.replace(PARAMETERS, '');
}

function decodeDeeply(path: string): string {
  let reading = path;
  for (let round = 0; round < DECODINGS && reading.includes('%'); round++) reading = decodeAll(reading);
  return reading;
}

export interface LiteralPath {
  readonly path: string;
  /** Compared with the normal path of a request, not with `matchPath` of it. */
  readonly isVerbatim: boolean;
}

/**
 * A path in a rule. Most are compared with `matchPath`, so that `/a%20b` means the same as `/a b`, and no spelling of a request gets
 * around them. One that names a `;` parameter, or an escape of an escape, means exactly that (RFC 3986 section 3.3).
 */
export function readLiteral(value: string): LiteralPath {
  const once = decodeAll(textOctets(value));
  const isVerbatim = once.includes(';') || /%[0-9a-f]{2}/i.test(once);
  if (!isVerbatim) return { path: matchPath(once), isVerbatim };
  const encoded = value.replace(/[^\x21-\x7e]/gu, (char) => encodeURIComponent(char.toWellFormed()));
  return { path: normalisePath(encoded) ?? encoded, isVerbatim };
}

/** Text from configuration as its UTF-8 bytes, one a character: requests are read byte by byte. */
export function textOctets(value: string): string {
  return /^[\x00-\x7f]*$/.test(value) ? value : decodeAll(encodeURI(value.toWellFormed()));
}
