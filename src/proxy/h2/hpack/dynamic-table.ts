/** The decoder's dynamic table (RFC 7541 section 2.3.2): a ring that grows up to what its size in bytes can hold. */
import type { HeaderEntry } from '../../message/header-entry.ts';

const FIRST_PLACES = 8;

export class DynamicTable {
  #ring: (HeaderEntry | undefined)[] = [];
  /** Place of the oldest entry. */
  #oldest = 0;
  #count = 0;
  #bytes = 0;
  #limitBytes: number;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get count(): number {
    return this.#count;
  }

  /** The entry that was inserted `age` insertions before the newest; undefined beyond the oldest. */
  get(age: number): HeaderEntry | undefined {
    if (age >= this.#count) return undefined;
    return this.#ring[(this.#oldest + this.#count - 1 - age) & (this.#ring.length - 1)];
  }

  /** An entry larger than the table empties it (section 4.4). */
  insert(entry: HeaderEntry): void {
    this.#bytes += entry.size;
    this.#evict();
    if (entry.size > this.#limitBytes) {
      this.#bytes -= entry.size;
      return;
    }
    if (this.#count === this.#ring.length) this.#grow();
    this.#ring[(this.#oldest + this.#count) & (this.#ring.length - 1)] = entry;
    this.#count++;
  }

  resize(limitBytes: number): void {
    this.#limitBytes = limitBytes;
    this.#evict();
  }

  #evict(): void {
    while (this.#bytes > this.#limitBytes && this.#count > 0) {
      const oldest = this.#ring[this.#oldest];
      this.#ring[this.#oldest] = undefined;
      this.#oldest = (this.#oldest + 1) & (this.#ring.length - 1);
      this.#count--;
      this.#bytes -= oldest?.size ?? 0;
    }
  }

  #grow(): void {
    const larger = new Array<HeaderEntry | undefined>(Math.max(FIRST_PLACES, this.#ring.length * 2)).fill(
      undefined,
    );
    for (let index = 0; index < this.#count; index++) larger[index] = this.get(this.#count - 1 - index);
    this.#ring = larger;
    this.#oldest = 0;
  }
}
