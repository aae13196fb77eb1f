/** The difference of two lists that mostly have the same items in the same order. */

export interface ListDiff<Item> {
  readonly removed: readonly Item[];
  readonly added: readonly Item[];
}

/** `count` items at `from` in the old list that are in the same order at `to` in the new one. */
export interface Run {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

const NOTHING: ListDiff<never> = { removed: [], added: [] };
/** Maximum number of consecutive changed items across which runs are found; beyond it, only equal ends are found. */
const STRETCH = 16;

/** Compares by identity, regardless of position. No item occurs twice in a list. `runs`: of these lists, where they are known. */
export function diffByIdentity<Item extends object>(
  before: readonly Item[],
  after: readonly Item[],
  runs: readonly Run[] = before === after ? [] : runsOf(before, after),
): ListDiff<Item> {
  if (before === after) return NOTHING;
  const removed: Item[] = [];
  const added: Item[] = [];
  let old = 0;
  let now = 0;
  for (const { from, to, count } of runs) {
    for (; old < from; old += 1) removed.push(before[old] as Item);
    for (; now < to; now += 1) added.push(after[now] as Item);
    old += count;
    now += count;
  }
  return withoutMoved(removed, added);
}

/**
 * Runs that both lists have in common, in order: none overlaps another in either list. The last one ends both lists, and may be empty.
 * Items of a run cost one comparison each.
 */
export function runsOf(before: readonly unknown[], after: readonly unknown[]): readonly Run[] {
  const runs: Run[] = [];
  let from = 0;
  let to = 0;
  for (;;) {
    const count = equalFrom(before, from, { after, to });
    if (count > 0) runs.push({ from, to, count });
    from += count;
    to += count;
    const step = stepToEqual(before, from, { after, to });
    if (step === null) break;
    from += step.from;
    to += step.to;
  }
  const tail = equalAtEnd(before.length - from, after.length - to, { before, after });
  runs.push({ from: before.length - tail, to: after.length - tail, count: tail });
  return runs;
}

interface Place {
  readonly after: readonly unknown[];
  readonly to: number;
}

function equalFrom(before: readonly unknown[], from: number, { after, to }: Place): number {
  const most = Math.min(before.length - from, after.length - to);
  let count = 0;
  while (count < most && before[from + count] === after[to + count]) count += 1;
  return count;
}

/** The nearest pair of equal items ahead; null if there is none within the limit. */
function stepToEqual(
  before: readonly unknown[],
  from: number,
  { after, to }: Place,
): Pick<Run, 'from' | 'to'> | null {
  if (from === before.length || to === after.length) return null;
  for (let steps = 1; steps <= 2 * STRETCH; steps += 1) {
    for (let ofOld = Math.max(0, steps - STRETCH); ofOld <= Math.min(steps, STRETCH); ofOld += 1) {
      const [old, now] = [from + ofOld, to + steps - ofOld];
      if (old < before.length && now < after.length && before[old] === after[now]) {
        return { from: ofOld, to: steps - ofOld };
      }
    }
  }
  return null;
}

/** Of the last so many items of each list. */
function equalAtEnd(
  ofBefore: number,
  ofAfter: number,
  { before, after }: { readonly before: readonly unknown[]; readonly after: readonly unknown[] },
): number {
  const most = Math.min(ofBefore, ofAfter);
  let count = 0;
  while (count < most && before[before.length - 1 - count] === after[after.length - 1 - count]) count += 1;
  return count;
}

/** Items that only moved are in both lists; they are neither removed nor added. */
function withoutMoved<Item extends object>(removed: readonly Item[], added: readonly Item[]): ListDiff<Item> {
  if (removed.length === 0 || added.length === 0) {
    return removed.length === 0 && added.length === 0 ? NOTHING : { removed, added };
  }
  const before = new Set(removed);
  const after = new Set(added);
  return {
    removed: [...before].filter((item) => !after.has(item)),
    added: [...after].filter((item) => !before.has(item)),
  };
}
