/**
 * Smooth weighted round robin: over any `total` choices each member is chosen exactly `weight` times, and never in a bunch. A choice
 * costs one pass over the members, of which a rule has at most 16.
 */
export class WeightedChoice {
  readonly #weights: readonly number[];
  readonly #credits: number[];
  readonly #total: number;

  constructor(weights: readonly number[]) {
    this.#weights = weights;
    this.#credits = weights.map(() => 0);
    this.#total = weights.reduce((sum, weight) => sum + weight, 0);
  }

  /** The choice of a single member, which needs no state: all rules with one backend share it. */
  static of(weights: readonly number[]): WeightedChoice {
    const [only = 0] = weights;
    return weights.length === 1 && only > 0 ? SOLE : new WeightedChoice(weights);
  }

  /** Index of the next choice; -1 when every weight is 0. */
  next(): number {
    const credits = this.#credits;
    if (this.#total === 0) return -1;
    if (credits.length === 1) return 0;
    let best = 0;
    for (let index = 0; index < credits.length; index++) {
      credits[index] = (credits[index] as number) + (this.#weights[index] as number);
      if ((credits[index] as number) > (credits[best] as number)) best = index;
    }
    credits[best] = (credits[best] as number) - this.#total;
    return best;
  }
}

const SOLE = new WeightedChoice([1]);
