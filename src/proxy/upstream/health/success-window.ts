/** Successes and failures within a time window, in slices: constant memory. */

const SLICES = 10;

export class SuccessWindow {
  readonly #sliceMs: number;
  readonly #successes = new Uint32Array(SLICES);
  readonly #failures = new Uint32Array(SLICES);
  /** Number of the newest slice, counted from the beginning of time. */
  #newest = -1;

  constructor(windowMs: number) {
    this.#sliceMs = Math.max(1, windowMs / SLICES);
  }

  add(isSuccess: boolean, nowMs: number): void {
    this.#moveTo(nowMs);
    const counts = isSuccess ? this.#successes : this.#failures;
    const at = this.#newest % SLICES;
    counts[at] = (counts[at] ?? 0) + 1;
  }

  /** Outcomes that are not older than the window. */
  total(nowMs: number): number {
    this.#moveTo(nowMs);
    return sum(this.#successes) + sum(this.#failures);
  }

  /** 0 to 100; 100 without an outcome. */
  successPercent(nowMs: number): number {
    const total = this.total(nowMs);
    return total === 0 ? 100 : (sum(this.#successes) * 100) / total;
  }

  clear(): void {
    this.#successes.fill(0);
    this.#failures.fill(0);
  }

  #moveTo(nowMs: number): void {
    const slice = Math.floor(nowMs / this.#sliceMs);
    const passed = Math.min(SLICES, slice - this.#newest);
    for (let step = 0; step < passed; step++) {
      const at = (slice - step) % SLICES;
      this.#successes[at] = 0;
      this.#failures[at] = 0;
    }
    if (passed > 0) this.#newest = slice;
  }
}

const sum = (counts: Uint32Array): number => {
  let total = 0;
  for (const count of counts) total += count;
  return total;
};
