/** Reuses old objects in place of equal new ones, so that results computed from them stay valid. */
import { samePlain, type Plain } from './structural-patch.ts';

/** Whether two objects of plain data are equal. */
export const isEqualData = (a: object, b: object): boolean =>
  samePlain(a as unknown as Plain, b as unknown as Plain);

/** `before` if it is equal to `after`. Both are plain data. */
export const reuseIfEqual = <Value extends object>(before: Value | undefined, after: Value): Value =>
  before !== undefined && isEqualData(before, after) ? before : after;

/** `before` if it has the same items in the same order. */
export function reuseIfSameItems<Item>(before: readonly Item[], after: readonly Item[]): readonly Item[] {
  if (before === after || before.length !== after.length) return after;
  for (let at = 0; at < after.length; at += 1) if (after[at] !== before[at]) return after;
  return before;
}

/** `before` if it has the same keys and items in the same order. */
export function reuseIfSameEntries<Item>(
  before: ReadonlyMap<string, Item> | null,
  after: ReadonlyMap<string, Item>,
): ReadonlyMap<string, Item> {
  if (before?.size !== after.size) return after;
  const others = before.entries();
  for (const [key, item] of after) {
    const other = others.next().value;
    if (other?.[0] !== key || other[1] !== item) return after;
  }
  return before;
}
