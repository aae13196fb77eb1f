/** Items under the keys that each has, from one version of their list to the next: what changed costs, and the rest is taken over. */
import { compactArray } from './compact-array.ts';
import { diffByIdentity } from './list-diff.ts';
import { SortedList, type Compare } from './sorted-list.ts';

export interface Grouping<Item, Group> {
  /** Keys of the groups that an item is in. */
  readonly keysOf: (item: Item) => readonly string[];
  /** `items` are in the order of the list; `before` is the last group of the key. */
  readonly make: (key: string, items: readonly Item[], before: Group | undefined) => Group;
  /** Order of the groups. */
  readonly compare: Compare<Group>;
}

interface Entry<Item, Group> {
  readonly group: Group;
  readonly items: readonly Item[];
}

export class GroupedItems<Item extends object, Group extends object> {
  readonly #entries = new Map<string, Entry<Item, Group>>();
  #items: readonly Item[] = [];
  #sorted: SortedList<Group> | null = null;

  /** The groups in their order; the same array until something changes. */
  update(items: readonly Item[], grouping: Grouping<Item, Group>): readonly Group[] {
    const { removed, added } = diffByIdentity(this.#items, items);
    this.#items = items;
    this.#sorted ??= new SortedList<Group>(grouping.compare);
    if (removed.length + added.length === 0) return this.#sorted.items;
    const gone = new Set(removed);
    const inOrder = placesOf(items);
    const removedGroups: Group[] = [];
    const addedGroups: Group[] = [];
    for (const [key, more] of addedByKey(removed, added, grouping.keysOf)) {
      const before = this.#entries.get(key);
      const kept = (before?.items ?? []).filter((item) => !gone.has(item));
      const after = this.#entryOf(key, inOrder([...kept, ...more]), grouping);
      if (after?.group === before?.group) continue;
      if (before !== undefined) removedGroups.push(before.group);
      if (after !== null) addedGroups.push(after.group);
    }
    return this.#sorted.change(removedGroups, addedGroups);
  }

  /** null when the group has no items. */
  #entryOf(key: string, items: readonly Item[], { make }: Grouping<Item, Group>): Entry<Item, Group> | null {
    if (items.length === 0) {
      this.#entries.delete(key);
      return null;
    }
    const group = make(key, items, this.#entries.get(key)?.group);
    const entry = { group, items: compactArray(items) };
    this.#entries.set(key, entry);
    return entry;
  }
}

/** Keys of groups that change, each with the items that come into it. */
function addedByKey<Item>(
  removed: readonly Item[],
  added: readonly Item[],
  keysOf: (item: Item) => readonly string[],
): ReadonlyMap<string, readonly Item[]> {
  const byKey = new Map<string, Item[]>();
  for (const item of removed) for (const key of keysOf(item)) byKey.set(key, []);
  for (const item of added) {
    for (const key of keysOf(item)) {
      const known = byKey.get(key);
      if (known === undefined) byKey.set(key, [item]);
      else known.push(item);
    }
  }
  return byKey;
}

/** Sorts some of all items as they are in `all`. Most groups have one item, and need no places. */
function placesOf<Item>(all: readonly Item[]): (some: readonly Item[]) => readonly Item[] {
  let places: ReadonlyMap<Item, number> | null = null;
  return (some) => {
    if (some.length < 2) return some;
    places ??= new Map(all.map((item, at) => [item, at]));
    const placeOf = (item: Item): number => places?.get(item) ?? 0;
    return some.toSorted((a, b) => placeOf(a) - placeOf(b));
  };
}
