/** The static table (RFC 7541 appendix A). Index 1 is its first entry. */
import { HeaderEntry } from './entry.ts';

const ROWS: readonly (readonly [string, string])[] = [
  [':authority', ''],
  [':method', 'GET'],
  [':method', 'POST'],
  [':path', '/'],
  [':path', '/index.html'],
  [':scheme', 'http'],
  [':scheme', 'https'],
  [':status', '200'],
  [':status', '204'],
  [':status', '206'],
  [':status', '304'],
  [':status', '400'],
  [':status', '404'],
  [':status', '500'],
  ['accept-charset', ''],
  ['accept-encoding', 'gzip, deflate'],
  ['accept-language', ''],
  ['accept-ranges', ''],
  ['accept', ''],
  ['access-control-allow-origin', ''],
  ['age', ''],
  ['allow', ''],
  ['authorization', ''],
  ['cache-control', ''],
  ['content-disposition', ''],
  ['content-encoding', ''],
  ['content-language', ''],
  ['content-length', ''],
  ['content-location', ''],
  ['content-range', ''],
  ['content-type', ''],
  ['cookie', ''],
  ['date', ''],
  ['etag', ''],
  ['expect', ''],
  ['expires', ''],
  ['from', ''],
  ['host', ''],
  ['if-match', ''],
  ['if-modified-since', ''],
  ['if-none-match', ''],
  ['if-range', ''],
  ['if-unmodified-since', ''],
  ['last-modified', ''],
  ['link', ''],
  ['location', ''],
  ['max-forwards', ''],
  ['proxy-authenticate', ''],
  ['proxy-authorization', ''],
  ['range', ''],
  ['referer', ''],
  ['refresh', ''],
  ['retry-after', ''],
  ['server', ''],
  ['set-cookie', ''],
  ['strict-transport-security', ''],
  ['transfer-encoding', ''],
  ['user-agent', ''],
  ['vary', ''],
  ['via', ''],
  ['www-authenticate', ''],
];

export const STATIC_ENTRIES: readonly HeaderEntry[] = ROWS.map(
  ([name, value]) => new HeaderEntry(name, value),
);
export const STATIC_COUNT = STATIC_ENTRIES.length;

/** `name: value` with its separator → index, for whole fields. */
export const STATIC_FIELDS: ReadonlyMap<string, number> = new Map(
  STATIC_ENTRIES.flatMap(({ name, value }, index) =>
    value === '' ? [] : [[fieldKey(name, value), index + 1] as const],
  ),
);

/** Name → the first index with that name. */
export const STATIC_NAMES: ReadonlyMap<string, number> = new Map(
  STATIC_ENTRIES.map(({ name }, index) => [name, index + 1] as const).toReversed(),
);

/** One string for a field; names hold no NUL, so no two fields share one. */
export function fieldKey(name: string, value: string): string {
  return `${name}\0${value}`;
}
