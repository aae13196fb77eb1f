/** Header entries in the form that the exchange and both writers read. */
import { UNKNOWN_LENGTH, type FieldList } from './head.ts';
import { separatorOf } from './header-id.ts';
import { Pseudo, type HeaderEntry } from './header-entry.ts';

export class EntryFields implements FieldList {
  entries: readonly HeaderEntry[];

  constructor(entries: readonly HeaderEntry[]) {
    this.entries = entries;
  }

  get count(): number {
    return this.entries.length;
  }
  id(index: number): number {
    return (this.entries[index] as HeaderEntry).id;
  }
  name(index: number): string {
    return (this.entries[index] as HeaderEntry).name;
  }
  value(index: number): string {
    return (this.entries[index] as HeaderEntry).value;
  }

  /** Values joined by `, `, cookies by `; ` (RFC 9113 section 8.2.3); undefined when absent. `name` in lower case. */
  find(name: string): string | undefined {
    let joined: string | undefined;
    for (const entry of this.entries) {
      if (entry.name !== name) continue;
      joined = joined === undefined ? entry.value : joined + separatorOf(entry.id) + entry.value;
    }
    return joined;
  }
}

/** Trailers: ordinary fields only (RFC 9113 section 8.1). null when they are malformed. */
export function readTrailers(entries: readonly HeaderEntry[], count: number): EntryFields | null {
  for (let index = 0; index < count; index++) {
    const entry = entries[index] as HeaderEntry;
    if (entry.isMalformed || entry.pseudo !== Pseudo.none) return null;
  }
  return new EntryFields(entries.slice(0, count));
}

/** The length is invalid. */
export const INVALID_LENGTH = -2;
/** Digits of the largest safe integer. */
const MAX_LENGTH_DIGITS = 16;
const ZERO = 0x30;

/**
 * The length that a Content-Length leaves after `before`, the one before it or UNKNOWN_LENGTH. INVALID_LENGTH for anything but digits,
 * and for two that differ (RFC 9110 section 8.6).
 */
export function agreedLength(before: number, value: string): number {
  if (value.length === 0 || value.length > MAX_LENGTH_DIGITS) return INVALID_LENGTH;
  let length = 0;
  for (let index = 0; index < value.length; index++) {
    const digit = value.charCodeAt(index) - ZERO;
    if (digit < 0 || digit > 9) return INVALID_LENGTH;
    length = length * 10 + digit;
  }
  if (!Number.isSafeInteger(length)) return INVALID_LENGTH;
  return before === UNKNOWN_LENGTH || before === length ? length : INVALID_LENGTH;
}
