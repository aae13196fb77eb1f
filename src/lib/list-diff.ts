/** What differs between two lists of objects that are mostly the same objects. */

export interface ListDiff<Item> {
  readonly removed: readonly Item[];
  readonly added: readonly Item[];
}

const NOTHING: ListDiff<never> = { removed: [], added: [] };

/**
 * Compares by identity; the place of an item does not count. Each list holds an item once. Items that follow each other as they did cost
 * one comparison each.
 */
export function diffByIdentity<Item extends object>(
  before: readonly Item[],
  after: readonly Item[],
): ListDiff<Item> {
  if (before === after) return NOTHING;
  const removed: Item[] = [];
  const added: Item[] = [];
  let old = 0;
  let now = 0;
  while (old < before.length && now < after.length) {
    const [was, is] = [before[old] as Item, after[now] as Item];
    if (was === is) {
      old += 1;
      now += 1;
    } else if (before[old + 1] === after[now + 1]) {
      removed.push(was);
      added.push(is);
      old += 1;
      now += 1;
    } else if (before[old + 1] === is) {
      removed.push(was);
      old += 1;
    } else if (was === after[now + 1]) {
      added.push(is);
      now += 1;
    } else break;
  }
  for (; old < before.length; old += 1) removed.push(before[old] as Item);
  for (; now < after.length; now += 1) added.push(after[now] as Item);
  return settle(removed, added);
}

/** What moved stands in both. */
function settle<Item extends object>(removed: readonly Item[], added: readonly Item[]): ListDiff<Item> {
  if (removed.length === 0 || added.length === 0) {
    return removed.length === 0 && added.length === 0 ? NOTHING : { removed, added };
  }
  const gone = new Set(removed);
  const come = new Set(added);
  return {
    removed: [...gone].filter((item) => !come.has(item)),
    added: [...come].filter((item) => !gone.has(item)),
  };
}
