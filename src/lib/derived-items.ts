/** A list that is made of another one, any number of items of each, from one version of that list to the next. */
import { keepList } from './keep-same.ts';
import { runsOf } from './list-diff.ts';
import { trimmed } from './trimmed.ts';

const NOTHING_ELSE: readonly unknown[] = [];
/** More than this are not looked for one by one: everything is made anew. */
const MANY = 64;
/** So many copies of a list cost less than one that is put together item by item. */
const FEW = 4;

/** At `at` of a list, `gone` items give way to others. */
interface Edit<Item> {
  readonly at: number;
  readonly gone: number;
  readonly come: readonly Item[];
}

/** What is made of items that follow each other as they did is taken over, without a look at them. */
export class DerivedItems<Source, Item> {
  #sources: readonly (Source | null)[] = [];
  #basis: readonly unknown[] = NOTHING_ELSE;
  /** How many items each source gave; null: one each. */
  #counts: readonly number[] | null = null;
  /** The same array until something changes. */
  items: readonly Item[] = [];

  /** `basis`: all that `make` depends on besides its source; when one of these is another, everything is made anew. */
  update(
    sources: readonly Source[],
    make: (source: Source) => readonly Item[],
    basis: readonly unknown[] = NOTHING_ELSE,
  ): readonly Item[] {
    const isSame = keepList(this.#basis, basis) === this.#basis;
    if (isSame && sources === this.#sources) return this.items;
    if (!isSame) this.#sources = this.#sources.map(() => null);
    this.#basis = basis;
    this.#derive(sources, make);
    this.#sources = sources;
    return this.items;
  }

  /** What these give is another now: it is made anew with the next update. */
  forget(sources: readonly Source[]): void {
    if (sources.length > MANY) this.#sources = this.#sources.map(() => null);
    else if (sources.length > 0) {
      const left = [...this.#sources];
      for (const source of sources) {
        const at = left.indexOf(source);
        if (at >= 0) left[at] = null;
      }
      this.#sources = left;
    }
  }

  #derive(sources: readonly Source[], make: (source: Source) => readonly Item[]): void {
    const ofItems: Edit<Item>[] = [];
    const ofCounts: Edit<number>[] = [];
    let [old, now, at] = [0, 0, 0];
    for (const { from, to, count } of runsOf(this.#sources, sources)) {
      if (old < from || now < to) {
        const made = sources.slice(now, to).map(make);
        const gone = this.#countOf(old, from);
        ofItems.push({ at, gone, come: made.flat() });
        ofCounts.push({ at: old, gone: from - old, come: made.map(({ length }) => length) });
        at += gone;
      }
      at += this.#countOf(from, from + count);
      [old, now] = [from + count, to + count];
    }
    if (ofItems.length === 0) return;
    const areSingle = this.#counts === null && ofCounts.every(({ come }) => come.every((one) => one === 1));
    if (!areSingle) this.#counts = edited(this.#counts ?? this.#sources.map(() => 1), ofCounts);
    this.items = keepList(this.items, edited(this.items, ofItems));
  }

  /** Of the items that sources `from` to `to` gave. */
  #countOf(from: number, to: number): number {
    const counts = this.#counts;
    if (counts === null) return to - from;
    let sum = 0;
    for (let at = from; at < to; at += 1) sum += counts[at] ?? 0;
    return sum;
  }
}

/** The list with these edits, which are in order; itself where they change nothing. */
function edited<Item>(list: readonly Item[], all: readonly Edit<Item>[]): readonly Item[] {
  const edits = all.filter(
    ({ at, gone, come }) => gone !== come.length || come.some((item, index) => item !== list[at + index]),
  );
  if (edits.length === 0) return list;
  if (edits.length <= FEW && edits.every(({ come }) => come.length < MANY)) {
    // Each copy is made in one go, and of the right size.
    return edits.reduceRight((items, { at, gone, come }) => items.toSpliced(at, gone, ...come), list);
  }
  const items: Item[] = [];
  let next = 0;
  for (const { at, gone, come } of edits) {
    for (; next < at; next += 1) items.push(list[next] as Item);
    for (const item of come) items.push(item);
    next += gone;
  }
  for (; next < list.length; next += 1) items.push(list[next] as Item);
  return trimmed(items);
}
