/** One field of a header block, validated on creation: an indexed field is validated once, regardless of how often it is sent. */
import { isFieldValue } from './field-value.ts';
import { HeaderId, headerIdOf, suspectOf } from './header-id.ts';

/** Pseudo-header fields; 0 for an ordinary field. */
export const Pseudo = {
  none: 0,
  method: 1,
  scheme: 2,
  path: 3,
  authority: 4,
  status: 5,
  protocol: 6,
  unknown: 7,
} as const;

const PSEUDO_KINDS: ReadonlyMap<string, number> = new Map([
  [':method', Pseudo.method],
  [':scheme', Pseudo.scheme],
  [':path', Pseudo.path],
  [':authority', Pseudo.authority],
  [':status', Pseudo.status],
  [':protocol', Pseudo.protocol],
]);

/** Lower-case token characters: a field name in HTTP/2 (RFC 9113 section 8.2.1). */
const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const COLON = 0x3a;
const SPACE = 0x20;
/** What RFC 7541 section 4.1 adds to the length of name and value. */
export const ENTRY_OVERHEAD = 32;

/** Connection-specific fields have no place in HTTP/2 (RFC 9113 section 8.2.2). */
const FORBIDDEN: ReadonlySet<number> = new Set([
  HeaderId.connection,
  HeaderId.keepAlive,
  HeaderId.proxyConnection,
  HeaderId.transferEncoding,
  HeaderId.upgrade,
]);

export class HeaderEntry {
  readonly name: string;
  readonly value: string;
  /** Size in a dynamic table and in a header list. */
  readonly size: number;
  /** A number of `HeaderId`. */
  readonly id: number;
  /** A number of `Pseudo`. */
  readonly pseudo: number;
  /** A sum of `Suspect`. */
  readonly suspect: number;
  /** A message with this field is malformed (RFC 9113 section 8.2). */
  readonly isMalformed: boolean;
  /** Never indexed, at this hop or any later one (RFC 7541 section 6.2.3). */
  readonly isNeverIndexed: boolean;
  /** No message may hold a field of this name, whatever its value. */
  readonly #isForbidden: boolean;
  #line = '';

  /** `like`: an entry of the same name whose classification is reused; null when there is none. */
  constructor(name: string, value: string, like: HeaderEntry | null = null, isNeverIndexed = false) {
    this.name = name;
    this.value = value;
    this.size = name.length + value.length + ENTRY_OVERHEAD;
    this.isNeverIndexed = isNeverIndexed;
    if (like === null) {
      this.pseudo = name.charCodeAt(0) === COLON ? (PSEUDO_KINDS.get(name) ?? Pseudo.unknown) : Pseudo.none;
      this.id = this.pseudo === Pseudo.none ? headerIdOf(name) : HeaderId.other;
      this.suspect = suspectOf(this.id, name);
      this.#isForbidden = isForbiddenName(name, this.pseudo, this.id);
    } else {
      this.pseudo = like.pseudo;
      this.id = like.id;
      this.suspect = like.suspect;
      this.#isForbidden = like.#isForbidden;
    }
    this.isMalformed =
      this.#isForbidden || !isSoundValue(value) || (this.id === HeaderId.te && value !== 'trailers');
  }

  /** As an HTTP/1.1 line with its CRLF; of an ordinary field that is not malformed. */
  get line(): string {
    if (this.#line === '') this.#line = `${this.name}: ${this.value}\r\n`;
    return this.#line;
  }
}

function isForbiddenName(name: string, pseudo: number, id: number): boolean {
  if (pseudo !== Pseudo.none) return pseudo === Pseudo.unknown;
  // Names with an id are known to be names.
  return id === HeaderId.other ? !NAME.test(name) : FORBIDDEN.has(id);
}

/** No controls, no white space around it. */
function isSoundValue(value: string): boolean {
  const { length } = value;
  if (length === 0) return true;
  return isFieldValue(value) && value.charCodeAt(0) > SPACE && value.charCodeAt(length - 1) > SPACE;
}
