/** Old objects in the place of new ones that say the same: whoever remembers what came of an object need not look again. */
import { samePlain, type Plain } from './structural-patch.ts';

/** `before` where it says the same as `after`. Both are plain data. */
export const keepSame = <Value extends object>(before: Value | undefined, after: Value): Value =>
  before !== undefined && samePlain(before as unknown as Plain, after as unknown as Plain) ? before : after;

/** `before` where it holds the very same items in the same order. */
export const keepList = <Item>(before: readonly Item[], after: readonly Item[]): readonly Item[] =>
  before.length === after.length && after.every((item, at) => item === before[at]) ? before : after;
