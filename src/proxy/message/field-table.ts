/**
 * Fields of one head or trailer section: their positions in the received bytes. Nothing is copied; strings are created only
 * on request. One table is reused for all messages.
 */
import { latin1 } from '../net/latin1.ts';
import type { FieldList } from './head.ts';
import type { FieldHiding } from './field-policy.ts';
import { FORWARDED_PREFIX, HeaderId, SUSPECT_BY_ID, Suspect, separatorOf } from './header-id.ts';
import { nameHash } from './name-hash.ts';
import { wordsOf } from '../net/read-words.ts';
import {
  CR,
  COLON,
  DASH,
  LF,
  LOWER_NAME,
  LOWER_TOKEN,
  NAME_BYTES,
  SPACE,
  TAB,
  UNDERSCORE,
  VALUE,
  candidateId,
  equalsName,
} from './byte-tables.ts';

/** More fields than this are refused, whatever the configured limit. */
const MAX_FIELDS = 128;

/** Parse results that are not positions: positions are always above them. */
export const INCOMPLETE = 0;
export const MALFORMED = -1;
export const TOO_MANY_FIELDS = -2;

const EMPTY = Buffer.alloc(0);
const PREFIX_BYTES = Buffer.from(FORWARDED_PREFIX, 'latin1');

export class FieldTable implements FieldList {
  buffer: Buffer = EMPTY;
  count = 0;
  /** Four positions per field: name from and to, value from and to, without white space around the value. */
  readonly bounds = new Int32Array(MAX_FIELDS * 4);
  readonly ids = new Uint8Array(MAX_FIELDS);
  readonly hashes = new Int32Array(MAX_FIELDS);
  /** A sum of `Suspect` for each field, and of all fields together. */
  readonly suspectByField = new Uint8Array(MAX_FIELDS);
  suspects: number = Suspect.none;
  /** Position of the first field line, and of the empty line after the last. */
  from = 0;
  to = 0;
  readonly #limit: number;
  #words: Int32Array | null = null;

  /** `limit`: fields allowed, at most MAX_FIELDS. */
  constructor(limit: number = MAX_FIELDS) {
    this.#limit = Math.min(limit, MAX_FIELDS);
  }

  /**
   * Reads field lines up to and including the empty line that ends them. Returns the position after it, INCOMPLETE, MALFORMED
   * or TOO_MANY_FIELDS.
   */
  parse(buffer: Buffer, at: number, end: number): number {
    this.buffer = buffer;
    this.#words = wordsOf(buffer);
    this.count = 0;
    this.suspects = Suspect.none;
    this.from = at;
    let position = at;
    for (;;) {
      if (position + 1 >= end) return INCOMPLETE;
      if (buffer[position] === CR) {
        if (buffer[position + 1] !== LF) return MALFORMED;
        this.to = position;
        return position + 2;
      }
      if (this.count === this.#limit) return TOO_MANY_FIELDS;
      position = this.#parseLine(position, end);
      if (position <= 0) return position;
    }
  }

  /** Reads `name ":" OWS value OWS CRLF`. No white space before the colon and no folding: both are ways to smuggle. */
  #parseLine(at: number, end: number): number {
    const buffer = this.buffer;
    let position = at;
    let hash = 0;
    let suspect: number = Suspect.none;
    for (; position < end; position++) {
      const byte = LOWER_NAME[buffer[position] as number] as number;
      if (byte === 0) break;
      hash = (Math.imul(hash, 31) + byte) | 0;
    }
    if (position < end && buffer[position] === UNDERSCORE) {
      suspect = Suspect.underscore;
      for (; position < end; position++) {
        const byte = LOWER_TOKEN[buffer[position] as number] as number;
        if (byte === 0) break;
        hash = (Math.imul(hash, 31) + byte) | 0;
      }
    }
    if (position >= end) return INCOMPLETE;
    if (buffer[position] !== COLON || position === at) return MALFORMED;
    const lineTo = this.#parseValue(at, position, end, hash);
    if (lineTo > 0) this.#addSuspect(this.count - 1, suspect);
    return lineTo;
  }

  /** Reads the rest of a line whose name is `buffer[at, nameTo)`. */
  #parseValue(at: number, nameTo: number, end: number, hash: number): number {
    const buffer = this.buffer;
    let valueFrom = nameTo + 1;
    while (valueFrom < end && (buffer[valueFrom] === SPACE || buffer[valueFrom] === TAB)) valueFrom++;
    const position = endOfValue(buffer, this.#words, valueFrom, end);
    if (position < end && buffer[position] !== CR) return MALFORMED;
    if (position + 1 >= end) return INCOMPLETE;
    if (buffer[position + 1] !== LF) return MALFORMED;
    let valueTo = position;
    while (valueTo > valueFrom && (buffer[valueTo - 1] === SPACE || buffer[valueTo - 1] === TAB)) valueTo--;

    const { bounds, count } = this;
    bounds[count * 4] = at;
    bounds[count * 4 + 1] = nameTo;
    bounds[count * 4 + 2] = valueFrom;
    bounds[count * 4 + 3] = valueTo;
    this.hashes[count] = hash;
    const id = candidateId(hash);
    this.ids[count] = equalsName(buffer, at, nameTo, NAME_BYTES[id] as Buffer) ? id : HeaderId.other;
    this.count = count + 1;
    return position + 2;
  }

  #addSuspect(index: number, ofName: number): void {
    const id = this.ids[index] as number;
    const isForwarding = id === HeaderId.other ? this.#hasForwardedPrefix(index) : SUSPECT_BY_ID[id] === 1;
    const suspect = isForwarding ? ofName | Suspect.forwarding : ofName;
    this.suspectByField[index] = suspect;
    this.suspects |= suspect;
  }

  #hasForwardedPrefix(index: number): boolean {
    const from = this.lineFrom(index);
    const to = from + PREFIX_BYTES.length;
    // The dash tells most other names apart.
    return (
      this.nameTo(index) >= to &&
      this.buffer[to - 1] === DASH &&
      equalsName(this.buffer, from, to, PREFIX_BYTES)
    );
  }

  id(index: number): number {
    return this.ids[index] as number;
  }
  lineFrom(index: number): number {
    return this.bounds[index * 4] as number;
  }
  /** Position after the line's CRLF, which is where the next line or the final empty line begins. */
  lineTo(index: number): number {
    return index + 1 < this.count ? this.lineFrom(index + 1) : this.to;
  }
  nameTo(index: number): number {
    return this.bounds[index * 4 + 1] as number;
  }
  valueFrom(index: number): number {
    return this.bounds[index * 4 + 2] as number;
  }
  valueTo(index: number): number {
    return this.bounds[index * 4 + 3] as number;
  }
  name(index: number): string {
    return latin1(this.buffer, this.lineFrom(index), this.nameTo(index)).toLowerCase();
  }
  value(index: number): string {
    return latin1(this.buffer, this.valueFrom(index), this.valueTo(index));
  }

  /** Compares bytes: making a string of a name and lowering it costs more than finding it. */
  #isNamed(index: number, name: string): boolean {
    const from = this.lineFrom(index);
    if (this.nameTo(index) - from !== name.length) return false;
    for (let at = 0; at < name.length; at++) {
      if (LOWER_TOKEN[this.buffer[from + at] as number] !== name.charCodeAt(at)) return false;
    }
    return true;
  }

  /** Marks fields as hidden. */
  hide(policy: FieldHiding): void {
    for (let index = 0; index < this.count; index++) {
      const suspect = this.suspectByField[index] as number;
      const hash = this.hashes[index] as number;
      if (policy.concerns(suspect, hash) && policy.hides(suspect, this.name(index))) {
        this.ids[index] = HeaderId.hidden;
      }
    }
  }

  /** Joined values of a field (RFC 9110 section 5.2) without hidden ones; undefined when absent. `name` in lower case. */
  find(name: string): string | undefined {
    const hash = nameHash(name);
    let joined: string | undefined;
    for (let index = 0; index < this.count; index++) {
      if (this.hashes[index] !== hash || this.ids[index] === HeaderId.hidden) continue;
      if (!this.#isNamed(index, name)) continue;
      joined =
        joined === undefined ? this.value(index) : joined + separatorOf(this.id(index)) + this.value(index);
    }
    return joined;
  }
}

/**
 * The position of the first byte that is not allowed in a value: the line's CR, unless it is malformed. Values are most of a head,
 * so four bytes are checked at a time: a word without a byte below 0x20 and without 0x7f is all good.
 */
function endOfValue(buffer: Buffer, words: Int32Array | null, at: number, end: number): number {
  let position = at;
  if (words !== null) {
    while ((position & 3) !== 0 && position < end && VALUE[buffer[position] as number] === 1) position++;
    if ((position & 3) === 0) {
      const lastWord = end >> 2;
      let word = position >> 2;
      while (word < lastWord && isAllValue(words[word] as number)) word++;
      position = word << 2;
    }
  }
  while (position < end && VALUE[buffer[position] as number] === 1) position++;
  return position;
}

/** True when each of the four bytes is 0x20 or above and not 0x7f. (Tabs are rare; they are left to the byte loop.) */
function isAllValue(word: number): boolean {
  const againstDelete = word ^ 0x7f7f7f7f;
  const belowSpace = ((word - 0x20202020) | 0) & ~word;
  const isDelete = ((againstDelete - 0x01010101) | 0) & ~againstDelete;
  return ((belowSpace | isDelete) & 0x80808080) === 0;
}
