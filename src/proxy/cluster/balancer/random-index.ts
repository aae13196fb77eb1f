/** Fast, unpredictable enough choice (xorshift32): balancing needs spread, not secrecy. */

let state = (Math.random() * 0xffff_ffff) | 1;

/** An integer in `[0, bound)`. */
export function randomIndex(bound: number): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % bound;
}
