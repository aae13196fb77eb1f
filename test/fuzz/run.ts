/** One target, input after input, until the inputs or the time are used up, or one of them does harm. */
import { collectGarbage } from '../../src/supervisor/heap.ts';
import { Random } from '../support/random.ts';
import { makeInput, splitInput } from './mutate.ts';
import type { FuzzTarget } from './target.ts';

export interface FuzzOptions {
  readonly seed: number;
  /** Of the first input; more than 0 to go to one that was found. */
  readonly first: number;
  readonly inputs: number;
  /** Infinity = no end. */
  readonly limitMs: number;
}

/** Harm that one input does. */
export interface Finding {
  readonly index: number;
  readonly detail: string;
  /** Hexadecimal, a read each. */
  readonly reads: readonly string[];
}

export interface FuzzResult {
  readonly inputs: number;
  readonly finding: Finding | null;
  /** Of the heap, from the first tenth of the inputs to the last; 0 when there were too few to tell. */
  readonly grownBytes: number;
}

/** Often enough for frames that leave at the end of a turn, and for a watcher to see progress. */
const INPUTS_PER_TURN = 200;
/** Every input has a generator of its own, so that each can be made again without those before it. */
const SEED_STEP = 0x9e37_79b1;

/** Calls `onTurn` regularly with the number of inputs checked so far. */
export async function fuzz(
  target: FuzzTarget,
  { seed, first, inputs, limitMs }: FuzzOptions,
  onTurn: (done: number) => void,
): Promise<FuzzResult> {
  const warmUp = Math.ceil(inputs / 10 / INPUTS_PER_TURN) * INPUTS_PER_TURN;
  const deadlineMs = performance.now() + limitMs;
  let before = 0;
  let done = 0;
  while (done < inputs) {
    const turn = Math.min(INPUTS_PER_TURN, inputs - done);
    for (let count = 0; count < turn; count++) {
      const finding = checkInput(target, seed, first + done);
      done++;
      if (finding !== null) return { inputs: done, finding, grownBytes: 0 };
    }
    onTurn(done);
    await new Promise((resolve) => setImmediate(resolve));
    if (done === warmUp) before = await heapBytes();
    if (performance.now() > deadlineMs) break;
  }
  return { inputs: done, finding: null, grownBytes: done > warmUp ? (await heapBytes()) - before : 0 };
}

function checkInput(target: FuzzTarget, seed: number, index: number): Finding | null {
  const random = new Random(seed + Math.imul(index, SEED_STEP));
  const bytes = makeInput(target, random);
  const whole = bytes.length === 0 ? [] : [bytes];
  const split = splitInput(bytes, random);
  const detail = harmOf(target, whole, split);
  return detail === null ? null : { index, detail, reads: split.map((read) => read.toString('hex')) };
}

/** Why a split of these bytes does harm, in words; null when it does none. */
export function harmOf(
  target: FuzzTarget,
  whole: readonly Buffer[],
  split: readonly Buffer[],
): string | null {
  try {
    const verdict = target.outcomeOf(whole);
    const other = target.outcomeOf(split);
    return verdict === other ? null : `a split changes the verdict\n  whole: ${verdict}\n  split: ${other}`;
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}

/** The memory of buffers is given back beside the collector, some of it with the next collection only. */
async function heapBytes(): Promise<number> {
  for (let rounds = 0; rounds < 3; rounds += 1) {
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
