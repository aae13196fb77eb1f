/** Old objects in the place of new ones that say the same: whoever remembers what came of an object need not look again. */
import { samePlain, type Plain } from './structural-patch.ts';

/** `before` where it says the same as `after`. Both are plain data. */
export const keepSame = <Value extends object>(before: Value | undefined, after: Value): Value =>
  before !== undefined && samePlain(before as unknown as Plain, after as unknown as Plain) ? before : after;

/** `before` where it holds the very same items in the same order. */
export function keepList<Item>(before: readonly Item[], after: readonly Item[]): readonly Item[] {
  if (before === after || before.length !== after.length) return after;
  for (let at = 0; at < after.length; at += 1) if (after[at] !== before[at]) return after;
  return before;
}
