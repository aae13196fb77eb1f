/** Lists that stay sorted while single items are added and removed. */
import { compactArray } from './compact-array.ts';
import type { ListDiff } from './list-diff.ts';

/** Beyond this share of the list, sorting it again is cheaper than inserting items one by one. */
const SORT_SHARE = 1 / 16;
/** Up to so many changes, a copy for each is cheaper than one that grows. */
const VERY_FEW = 4;

/** Items that it does not tell apart are in any order. */
export type Compare<Item> = (a: Item, b: Item) => number;

/** Whether so many changes are few for a list of this length. */
const areFew = (changes: number, length: number): boolean => changes <= length * SORT_SHARE;

/** A sorted list with these changes; the same array when there are none. */
export function withChanges<Item extends object>(
  items: readonly Item[],
  { removed, added }: ListDiff<Item>,
  compare: Compare<Item>,
): readonly Item[] {
  const changes = removed.length + added.length;
  if (changes === 0) return items;
  if (changes <= VERY_FEW) return spliced(items, { removed, added }, compare);
  return areFew(changes, items.length)
    ? compactArray(placed([...items], { removed, added }, compare))
    : sorted(items, { removed, added }, compare);
}

/** Each copy is made in one go, and of the right size. */
function spliced<Item extends object>(
  items: readonly Item[],
  { removed, added }: ListDiff<Item>,
  compare: Compare<Item>,
): readonly Item[] {
  let result = items;
  for (const item of removed) result = result.toSpliced(placeOf(result, item, compare), 1);
  for (const item of added) result = result.toSpliced(firstNotBefore(result, item, compare), 0, item);
  return result.length === 0 ? compactArray(result) : result;
}

function sorted<Item extends object>(
  items: readonly Item[],
  { removed, added }: ListDiff<Item>,
  compare: Compare<Item>,
): Item[] {
  const leaving = new Set(removed);
  return [...items.filter((item) => !leaving.has(item)), ...added].sort(compare);
}

function placed<Item extends object>(
  items: Item[],
  { removed, added }: ListDiff<Item>,
  compare: Compare<Item>,
): Item[] {
  for (const item of removed) items.splice(placeOf(items, item, compare), 1);
  for (const item of added) items.splice(firstNotBefore(items, item, compare), 0, item);
  return items;
}

function placeOf<Item>(items: readonly Item[], item: Item, compare: Compare<Item>): number {
  let at = firstNotBefore(items, item, compare);
  while (at < items.length && items[at] !== item) at += 1;
  return at;
}

function firstNotBefore<Item>(items: readonly Item[], item: Item, compare: Compare<Item>): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(items[middle] as Item, item) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
