/** A list made from another one, any number of items from each source, from one version of that list to the next. */
import { reuseIfSameItems } from './reuse.ts';
import { runsOf, type Run } from './list-diff.ts';
import { compactArray } from './compact-array.ts';

const NOTHING_ELSE: readonly unknown[] = [];
/** Up to this many edits, splicing a copy is cheaper than rebuilding the list. */
const FEW = 4;
/** Applies only if no edit adds more items than this. */
const SHORT = 64;

/** At `at` of a list, `removed` items are replaced by others. */
interface Edit<Item> {
  readonly at: number;
  readonly removed: number;
  readonly added: readonly Item[];
}

export interface DerivedItemsOptions {
  /** All that `make` depends on besides its source; if one of these is a different object, every item is computed again. */
  readonly basis?: readonly unknown[];
  /** Of the last sources and these, where they are known. */
  readonly runs?: readonly Run[];
}

/** Items of consecutive unchanged sources are copied in one piece. */
export class DerivedItems<Source, Item> {
  #sources: readonly (Source | null)[] = [];
  #basis: readonly unknown[] = NOTHING_ELSE;
  /** Number of items of each source; null: one each. */
  #counts: readonly number[] | null = null;
  /** The same array until something changes. */
  items: readonly Item[] = [];

  update(
    sources: readonly Source[],
    make: (source: Source) => readonly Item[],
    { basis = NOTHING_ELSE, runs }: DerivedItemsOptions = {},
  ): readonly Item[] {
    const isSame = reuseIfSameItems(this.#basis, basis) === this.#basis;
    if (isSame && sources === this.#sources) return this.items;
    if (!isSame) this.#sources = this.#sources.map(() => null);
    this.#basis = basis;
    this.#derive(sources, make, (isSame ? runs : undefined) ?? runsOf(this.#sources, sources));
    this.#sources = sources;
    return this.items;
  }

  /** The next update computes the items of these sources again. */
  forget(sources: readonly Source[]): void {
    if (sources.length === 0) return;
    const stale = new Set<Source | null>(sources);
    this.#sources = this.#sources.map((source) => (stale.has(source) ? null : source));
  }

  #derive(sources: readonly Source[], make: (source: Source) => readonly Item[], runs: readonly Run[]): void {
    const ofItems: Edit<Item>[] = [];
    const ofCounts: Edit<number>[] = [];
    let [old, now, at] = [0, 0, 0];
    // Sources before this have been counted in `at`.
    let counted = 0;
    for (const { from, to, count } of runs) {
      if (old < from || now < to) {
        const made = sources.slice(now, to).map(make);
        const removed = this.#countOf(old, from);
        at += this.#countOf(counted, old);
        ofItems.push({ at, removed, added: made.flat() });
        ofCounts.push({ at: old, removed: from - old, added: made.map(({ length }) => length) });
        at += removed;
        counted = from;
      }
      [old, now] = [from + count, to + count];
    }
    if (ofItems.length === 0) return;
    const areSingle = this.#counts === null && ofCounts.every(({ added }) => added.every((one) => one === 1));
    if (!areSingle) this.#counts = edited(this.#counts ?? this.#sources.map(() => 1), ofCounts);
    this.items = edited(this.items, ofItems);
  }

  /** The items of sources `from` to `to`. */
  #countOf(from: number, to: number): number {
    const counts = this.#counts;
    if (counts === null) return to - from;
    let sum = 0;
    for (let at = from; at < to; at += 1) sum += counts[at] ?? 0;
    return sum;
  }
}

/** The list with these edits, which are in order; the list itself if they change nothing. */
function edited<Item>(list: readonly Item[], all: readonly Edit<Item>[]): readonly Item[] {
  const edits = all.filter(
    ({ at, removed, added }) =>
      removed !== added.length || added.some((item, index) => item !== list[at + index]),
  );
  const [first] = edits;
  if (first === undefined) return list;
  const result =
    edits.length <= FEW && edits.every(({ added }) => added.length <= SHORT)
      ? // Each copy is made at once, with the right size.
        edits.reduceRight((items, { at, removed, added }) => items.toSpliced(at, removed, ...added), list)
      : rebuilt(list, edits);
  return isSameFrom(first.at, list, result) ? list : result;
}

function rebuilt<Item>(list: readonly Item[], edits: readonly Edit<Item>[]): readonly Item[] {
  const items: Item[] = [];
  let next = 0;
  for (const { at, removed, added } of edits) {
    for (; next < at; next += 1) items.push(list[next] as Item);
    for (const item of added) items.push(item);
    next += removed;
  }
  for (; next < list.length; next += 1) items.push(list[next] as Item);
  return compactArray(items);
}

/** Edits may cancel each other out. */
function isSameFrom(from: number, before: readonly unknown[], after: readonly unknown[]): boolean {
  if (before.length !== after.length) return false;
  for (let at = from; at < after.length; at += 1) if (after[at] !== before[at]) return false;
  return true;
}
