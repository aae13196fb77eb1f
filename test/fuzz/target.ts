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
   * The parser's result for these reads, as text: the same for any split of the same bytes. Throws if the parser crashes, or if
   * an invariant is violated.
   */
  outcomeOf(reads: readonly Buffer[]): string;
}
