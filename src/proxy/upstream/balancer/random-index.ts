/** Fast, unpredictable enough choice (xorshift32): balancing does not need secrecy. */

let state = (Math.random() * 0xffff_ffff) | 1;

/** Makes all that follows depend on `seed` alone: for simulations. Not 0. */
export function reseed(seed: number): void {
  state = seed | 0;
}

/** An integer in `[0, bound)`. */
export function randomIndex(bound: number): number {
  return nextBits() % bound;
}

/** An index in `[0, length)`, as likely as its share of the weights. */
export function weightedIndex(weights: Float64Array, length: number): number {
  let total = 0;
  for (let index = 0; index < length; index++) total += weights[index] as number;
  let left = (nextBits() / 2 ** 32) * total;
  for (let index = 0; index < length - 1; index++) {
    left -= weights[index] as number;
    if (left < 0) return index;
  }
  return length - 1;
}

function nextBits(): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return state >>> 0;
}
