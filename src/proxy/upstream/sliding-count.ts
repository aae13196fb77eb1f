/** Counts recent events in constant memory, in slots of a fraction of the interval. */

const SLOTS = 16;

export class SlidingCount {
  readonly #slotMs: number;
  /** One more than the interval has, for the slot that is being filled. */
  readonly #slots = new Uint32Array(SLOTS + 1);
  /** Number of the slot that is being filled, since the clock began. */
  #slot = 0;
  #sum = 0;

  constructor(intervalMs: number) {
    this.#slotMs = Math.max(intervalMs, 1) / SLOTS;
  }

  add(nowMs: number): void {
    const at = this.#advance(nowMs);
    (this.#slots[at] as number)++;
    this.#sum++;
  }

  /** Events of the last interval, and of up to one slot before it: never too few. */
  atLeast(nowMs: number): number {
    this.#advance(nowMs);
    return this.#sum;
  }

  /** Events of the last interval without the oldest part of a slot: never too many. */
  atMost(nowMs: number): number {
    const oldest = (this.#advance(nowMs) + 1) % (SLOTS + 1);
    return this.#sum - (this.#slots[oldest] as number);
  }

  /** Empties slots that are too old; returns the index of the present one. */
  #advance(nowMs: number): number {
    const slot = Math.floor(nowMs / this.#slotMs);
    const passed = Math.min(slot - this.#slot, SLOTS + 1);
    for (let step = 1; step <= passed; step++) {
      const index = (this.#slot + step) % (SLOTS + 1);
      this.#sum -= this.#slots[index] as number;
      this.#slots[index] = 0;
    }
    if (slot > this.#slot) this.#slot = slot;
    return this.#slot % (SLOTS + 1);
  }
}
