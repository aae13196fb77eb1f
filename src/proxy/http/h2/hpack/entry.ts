/** One field of a header block, validated and rendered when it is made: what is indexed is examined once, however often it is sent. */
import { HeaderId, headerIdOf } from '../../header-id.ts';
import { isFieldValue } from '../../field-value.ts';

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
const SURROUNDED = /^[ \t]|[ \t]$/;
/** What RFC 7541 section 4.1 adds to the length of name and value. */
const ENTRY_OVERHEAD = 32;

export class HeaderEntry {
  readonly name: string;
  readonly value: string;
  /** Size in a dynamic table and in a header list. */
  readonly size: number;
  /** A number of `HeaderId`. */
  readonly id: number;
  /** A number of `Pseudo`. */
  readonly pseudo: number;
  /** A message with this field is malformed (RFC 9113 section 8.2). */
  readonly isMalformed: boolean;
  /** As an HTTP/1.1 line with its CRLF; `` for pseudo-header fields. */
  readonly line: string;

  constructor(name: string, value: string) {
    this.name = name;
    this.value = value;
    this.size = name.length + value.length + ENTRY_OVERHEAD;
    this.pseudo = name.charCodeAt(0) === 0x3a ? (PSEUDO_KINDS.get(name) ?? Pseudo.unknown) : Pseudo.none;
    this.id = this.pseudo === Pseudo.none ? headerIdOf(name) : HeaderId.other;
    this.isMalformed = !isFieldValue(value) || SURROUNDED.test(value) || this.#hasForbiddenName();
    this.line = this.pseudo === Pseudo.none ? `${name}: ${value}\r\n` : '';
  }

  /** Connection-specific fields have no place in HTTP/2; TE may say `trailers` and nothing else (RFC 9113 section 8.2.2). */
  #hasForbiddenName(): boolean {
    if (this.pseudo !== Pseudo.none) return this.pseudo === Pseudo.unknown;
    switch (this.id) {
      case HeaderId.connection:
      case HeaderId.keepAlive:
      case HeaderId.proxyConnection:
      case HeaderId.transferEncoding:
      case HeaderId.upgrade:
        return true;
      case HeaderId.te:
        return this.value !== 'trailers';
      default:
        return !NAME.test(this.name);
    }
  }
}
