/** A list that stays sorted while single items come and go. */

/** Beyond this share of the list, sorting it anew is cheaper than putting items in their places. */
const SORT_SHARE = 1 / 16;

export class SortedList<Item extends object> {
  readonly #compare: (a: Item, b: Item) => number;
  #items: readonly Item[] = [];

  /** `compare` must tell items apart that do not stand for the same; of those that it does not, the order is open. */
  constructor(compare: (a: Item, b: Item) => number) {
    this.#compare = compare;
  }

  /** The same array until something changes. */
  get items(): readonly Item[] {
    return this.#items;
  }

  change(removed: readonly Item[], added: readonly Item[]): readonly Item[] {
    const changes = removed.length + added.length;
    if (changes === 0) return this.#items;
    this.#items =
      changes > this.#items.length * SORT_SHARE ? this.#sorted(removed, added) : this.#placed(removed, added);
    return this.#items;
  }

  #sorted(removed: readonly Item[], added: readonly Item[]): Item[] {
    const gone = new Set(removed);
    return [...this.#items.filter((item) => !gone.has(item)), ...added].sort(this.#compare);
  }

  #placed(removed: readonly Item[], added: readonly Item[]): Item[] {
    const items = [...this.#items];
    for (const item of removed) {
      let at = this.#firstNotBefore(items, item);
      while (at < items.length && items[at] !== item) at += 1;
      items.splice(at, 1);
    }
    for (const item of added) items.splice(this.#firstNotBefore(items, item), 0, item);
    return items;
  }

  #firstNotBefore(items: readonly Item[], item: Item): number {
    let low = 0;
    let high = items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compare(items[middle] as Item, item) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
