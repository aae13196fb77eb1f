/** Selects `percent` of all calls, evenly spread. */
export class Sample {
  readonly #percent: number;
  #credit = 0;

  constructor(percent: number) {
    this.#percent = percent;
  }

  /** True when this one is selected. */
  next(): boolean {
    this.#credit += this.#percent;
    if (this.#credit < 100) return false;
    this.#credit -= 100;
    return true;
  }
}
