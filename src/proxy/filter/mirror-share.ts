import type { MirrorFilter } from '../../ir/filter.ts';

/**
 * Chooses which requests a mirror gets: exactly `numerator` of every `denominator`, spread evenly (HTTPRequestMirrorFilter percent
 * and fraction), without randomness.
 */
export class MirrorShare {
  readonly #numerator: number;
  readonly #denominator: number;
  #credit = 0;

  constructor({ numerator, denominator }: MirrorFilter) {
    this.#numerator = numerator;
    this.#denominator = denominator;
  }

  /** Whether the next request is copied. */
  take(): boolean {
    this.#credit += this.#numerator;
    if (this.#credit < this.#denominator || this.#numerator === 0) return false;
    this.#credit -= this.#denominator;
    return true;
  }
}
