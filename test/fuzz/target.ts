/** What can be fuzzed in process: something that reads bytes. */
import type { Random } from '../support/random.ts';

export interface FuzzTarget {
  readonly name: string;
  /** Inputs to start from: sound ones of every kind, and those that once did harm. Not empty. */
  readonly corpus: readonly Buffer[];
  /** Pieces that mean something to the parser, to put where they do not belong. Not empty. */
  readonly dictionary: readonly Buffer[];
  /** An input by the grammar, with whatever the grammar allows at its edges and a little beyond. */
  generate(random: Random): Buffer;
  /**
   * What the parser makes of these reads, in words: the same for any split of the same bytes. Throws when it crashes, or when
   * something does not hold that must hold for any input.
   */
  judge(reads: readonly Buffer[]): string;
}
