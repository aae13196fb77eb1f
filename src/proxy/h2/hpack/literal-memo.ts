/**
 * Literals that a peer repeats without indexing, often paths, lengths and statuses: equal bytes mean the
 * same entry, which need not be decoded and validated again. A small table whose old entries are overwritten.
 */
import type { HeaderEntry } from '../../message/header-entry.ts';

const PLACES = 8;
const MAX_BYTES = 64;
/** The memo is created after this many literals: it takes more memory than the rest of an idle connection's decoder. */
const WORTH_IT = 8;

interface Remembered {
  /** `MAX_BYTES` for each place. */
  readonly bytes: Uint8Array;
  readonly lengths: Uint8Array;
  readonly entries: (HeaderEntry | null)[];
}

export class LiteralMemo {
  #seen = 0;
  #remembered: Remembered | null = null;

  /** The entry of the literal `buffer[from, to)`, if it is remembered. */
  find(buffer: Buffer, from: number, to: number): HeaderEntry | null {
    const remembered = this.#remembered;
    if (remembered === null) return null;
    const place = placeOf(buffer, from, to);
    const length = to - from;
    if (remembered.lengths[place] !== length) return null;
    const { bytes } = remembered;
    const start = place * MAX_BYTES;
    for (let index = 0; index < length; index++) {
      if (bytes[start + index] !== buffer[from + index]) return null;
    }
    return remembered.entries[place] ?? null;
  }

  /** Stores it if it is not too long. Its meaning must not depend on the dynamic table. */
  note(buffer: Buffer, from: number, to: number, entry: HeaderEntry): void {
    const length = to - from;
    if (length > MAX_BYTES || this.#seen++ < WORTH_IT) return;
    this.#remembered ??= {
      bytes: new Uint8Array(PLACES * MAX_BYTES),
      lengths: new Uint8Array(PLACES),
      entries: new Array<HeaderEntry | null>(PLACES).fill(null),
    };
    const { bytes, lengths, entries } = this.#remembered;
    const place = placeOf(buffer, from, to);
    const start = place * MAX_BYTES;
    for (let index = 0; index < length; index++) bytes[start + index] = buffer[from + index] as number;
    lengths[place] = length;
    entries[place] = entry;
  }
}

/** By its first bytes, which say the name, and its length. */
function placeOf(buffer: Buffer, from: number, to: number): number {
  return ((buffer[from] as number) + (buffer[from + 1] as number) * 3 + (to - from)) & (PLACES - 1);
}
