/** Objects of before in place of equal new ones, so that what was computed from them need not be computed again. */
import { samePlain, type Plain } from './structural-patch.ts';

/** `before` where it is equal to `after`. Both are plain data. */
export const reuseIfEqual = <Value extends object>(before: Value | undefined, after: Value): Value =>
  before !== undefined && samePlain(before as unknown as Plain, after as unknown as Plain) ? before : after;

/** `before` where it has the same items in the same order. */
export function reuseIfSameItems<Item>(before: readonly Item[], after: readonly Item[]): readonly Item[] {
  if (before === after || before.length !== after.length) return after;
  for (let at = 0; at < after.length; at += 1) if (after[at] !== before[at]) return after;
  return before;
}
