/** Header entries as the field list that the exchange and both writers read. */
import type { FieldList } from '../head.ts';
import type { HeaderEntry } from './hpack/entry.ts';

export class EntryFields implements FieldList {
  readonly entries: readonly HeaderEntry[];

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

  /** Values joined by `, `, cookies by `; ` (RFC 9113 section 8.2.3); undefined when absent. */
  find(name: string): string | undefined {
    let joined: string | undefined;
    for (const entry of this.entries) {
      if (entry.name !== name) continue;
      joined =
        joined === undefined ? entry.value : `${joined}${name === 'cookie' ? '; ' : ', '}${entry.value}`;
    }
    return joined;
  }
}

/** Trailers: ordinary fields only (RFC 9113 section 8.1). null when they are malformed. */
export function readTrailers(entries: readonly HeaderEntry[], count: number): EntryFields | null {
  const fields: HeaderEntry[] = [];
  for (let index = 0; index < count; index++) {
    const entry = entries[index] as HeaderEntry;
    if (entry.isMalformed || entry.pseudo !== 0) return null;
    fields.push(entry);
  }
  return new EntryFields(fields);
}

/** Content-Length's value; -1 for anything but digits (RFC 9110 section 8.6). */
export function parseLength(value: string): number {
  return /^\d{1,15}$/.test(value) ? Number(value) : -1;
}
