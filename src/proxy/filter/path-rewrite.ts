/** Path changes of redirects and rewrites (HTTPPathModifier). */
import type { PathRewrite } from '../../ir/filter.ts';
import type { PathMatch } from '../../ir/match.ts';
import { matchPath, readLiteral } from '../router/path.ts';

/**
 * The path that `rewrite` makes of `path`; `match` is the one that the request met. A replaced prefix keeps what follows it, as the
 * client wrote it, with exactly one slash in between (the table in HTTPPathModifier.replacePrefixMatch).
 */
export function rewritePath(rewrite: PathRewrite, path: string, match: PathMatch): string {
  if (path === '*') return rewritePath(rewrite, '/', match);
  const value = targetOctets(rewrite.value);
  if (rewrite.kind === 'full') return value;
  const rest = match.kind === 'prefix' ? afterPrefix(path, withoutFinalSlash(match.value)) : path;
  if (rest === '') return value;
  const base = withoutFinalSlash(value);
  // `//x` at the start of a target reads as the authority x to some (RFC 3986 section 4.2).
  return base === '' ? rest.replace(/^\/+/, '/') : base + rest;
}

/**
 * What of `path` follows `prefix`: empty, or beginning with a slash. A path may be under the prefix only in the reading of `matchPath`
 * (`/a%2Fb/c` is under `/a/b`). The rest is cut from the path as it came even then: a decoded rest could hold a space or a `?`, and
 * would end the request line or begin a query.
 */
function afterPrefix(path: string, prefix: string): string {
  if (path.startsWith(prefix) && isBoundary(path, prefix.length)) return path.slice(prefix.length);
  const literal = readLiteral(prefix);
  if (literal.isVerbatim) return path.slice(literal.path.length);
  const ends = [...path.matchAll(BOUNDARY)].map(({ index }) => index);
  return asRest(path.slice(ends[firstCovering(path, ends, literal.path)] ?? path.length));
}

const isBoundary = (path: string, at: number): boolean => at === path.length || path[at] === '/';

/** Where a segment or its name may end: before a slash or a `;`, both also encoded, and encoded again. */
const BOUNDARY = /\/|;|%(?:25)*(?:2f|3b)/gi;

/** The first of `ends` at which the path reads as `reading`. Halving: a path has thousands of boundaries if its sender wishes. */
function firstCovering(path: string, ends: readonly number[], reading: string): number {
  let low = 0;
  let high = ends.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const read = withoutFinalSlash(matchPath(path.slice(0, ends[middle])));
    if (read.length < reading.length) low = middle + 1;
    else high = middle;
  }
  return low;
}

const ENCODED_SLASH = /^%(?:25)*2f/i;

/** The remainder from its first slash on: what parameters the last matched segment had went with the prefix. */
function asRest(rest: string): string {
  if (rest.startsWith('/') || rest === '') return rest;
  if (ENCODED_SLASH.test(rest)) return rest.replace(ENCODED_SLASH, '/');
  const slash = rest.search(/\/|%(?:25)*2f/i);
  return slash === -1 ? '' : asRest(rest.slice(slash));
}

/**
 * A path from configuration in the form of a request target: absolute, and with everything encoded that would end the path, the
 * target or the line. The field has no pattern in the API, and a backend's connection is shared by tenants.
 */
export function targetOctets(value: string): string {
  const encoded = UNSAFE_IN_PATH.test(value) ? value.replace(UNSAFE_IN_PATH_ALL, encodeOctets) : value;
  return encoded.startsWith('/') ? encoded : `/${encoded}`;
}

const UNSAFE_IN_PATH = /[^\x21\x22\x24-\x3e\x40-\x7e]/;
const UNSAFE_IN_PATH_ALL = /[^\x21\x22\x24-\x3e\x40-\x7e]+/g;

const encodeOctets = (text: string): string => percentEncode(Buffer.from(text, 'utf8'));

/** Every byte as an escape. */
export const percentEncode = (bytes: Buffer): string =>
  [...bytes].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');

const withoutFinalSlash = (path: string): string => (path.endsWith('/') ? path.slice(0, -1) : path);
