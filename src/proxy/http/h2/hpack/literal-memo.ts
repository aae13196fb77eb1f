/**
 * Literals that a peer sends again and again without indexing them, as many send paths, lengths and statuses: the same bytes mean the
 * same entry, which then need not be decoded and judged anew. A small table that forgets by being written over.
 */
import type { HeaderEntry } from './entry.ts';

const PLACES = 8;
const MAX_BYTES = 64;

export class LiteralMemo {
  /** `MAX_BYTES` for each place. Made when there is something to remember. */
  #bytes: Uint8Array | null = null;
  readonly #lengths = new Uint8Array(PLACES);
  readonly #entries: (HeaderEntry | null)[] = new Array<HeaderEntry | null>(PLACES).fill(null);

  /** The entry of the literal `buffer[from, to)`, if it is remembered. */
  find(buffer: Buffer, from: number, to: number): HeaderEntry | null {
    const place = placeOf(buffer, from, to);
    const bytes = this.#bytes;
    const length = to - from;
    if (bytes === null || this.#lengths[place] !== length) return null;
    const start = place * MAX_BYTES;
    for (let index = 0; index < length; index++) {
      if (bytes[start + index] !== buffer[from + index]) return null;
    }
    return this.#entries[place] ?? null;
  }

  /** Remembers it, if it is not too long. What it means must not depend on the dynamic table. */
  note(buffer: Buffer, from: number, to: number, entry: HeaderEntry): void {
    const length = to - from;
    if (length > MAX_BYTES) return;
    this.#bytes ??= new Uint8Array(PLACES * MAX_BYTES);
    const place = placeOf(buffer, from, to);
    const start = place * MAX_BYTES;
    for (let index = 0; index < length; index++) this.#bytes[start + index] = buffer[from + index] as number;
    this.#lengths[place] = length;
    this.#entries[place] = entry;
  }
}

/** By its first bytes, which say the name, and its length. */
function placeOf(buffer: Buffer, from: number, to: number): number {
  return ((buffer[from] as number) + (buffer[from + 1] as number) * 3 + (to - from)) & (PLACES - 1);
}
