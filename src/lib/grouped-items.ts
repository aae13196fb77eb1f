/** Groups items by their keys, from one version of the list to the next: groups with the same items are reused. */
import { diffByIdentity } from './list-diff.ts';
import { withChanges, type Compare } from './sorted-list.ts';

export interface Grouping<Item, Key, Group> {
  /** Keys of the groups of an item, each once. */
  readonly keysOf: (item: Item) => readonly Key[];
  /** Order of the items of a group. */
  readonly order: Compare<Item>;
  /** `before` is the last group of the key. */
  readonly make: (key: Key, items: readonly Item[], before: Group | undefined) => Group;
  /** Order of the groups. */
  readonly compare: Compare<Group>;
}

interface Entry<Item, Group> {
  readonly items: readonly Item[];
  readonly group: Group;
}

export class GroupedItems<Item extends object, Key, Group extends object> {
  readonly #entries = new Map<Key, Entry<Item, Group>>();
  #items: readonly Item[] = [];
  #groups: readonly Group[] = [];

  /** The groups in their order; the same array until something changes. */
  update(items: readonly Item[], grouping: Grouping<Item, Key, Group>): readonly Group[] {
    const { removed, added } = diffByIdentity(this.#items, items);
    this.#items = items;
    const removedGroups: Group[] = [];
    const addedGroups: Group[] = [];
    for (const [key, changes] of changesByKey(removed, added, grouping.keysOf)) {
      const before = this.#entries.get(key)?.group;
      const after = this.#change(key, changes, grouping);
      if (after === before) continue;
      if (before !== undefined) removedGroups.push(before);
      if (after !== undefined) addedGroups.push(after);
    }
    const changes = { removed: removedGroups, added: addedGroups };
    this.#groups = withChanges(this.#groups, changes, grouping.compare);
    return this.#groups;
  }

  /** undefined when the group has no items. */
  #change(key: Key, changes: Changes<Item>, { order, make }: Grouping<Item, Key, Group>): Group | undefined {
    const before = this.#entries.get(key);
    const items = withChanges(before?.items ?? [], changes, order);
    if (items.length === 0) {
      this.#entries.delete(key);
      return undefined;
    }
    const group = make(key, items, before?.group);
    this.#entries.set(key, { items, group });
    return group;
  }
}

interface Changes<Item> {
  readonly removed: Item[];
  readonly added: Item[];
}

function changesByKey<Item, Key>(
  removed: readonly Item[],
  added: readonly Item[],
  keysOf: (item: Item) => readonly Key[],
): ReadonlyMap<Key, Changes<Item>> {
  const byKey = new Map<Key, Changes<Item>>();
  const note = (item: Item, which: keyof Changes<Item>): void => {
    for (const key of keysOf(item)) {
      const changes = byKey.get(key) ?? { removed: [], added: [] };
      byKey.set(key, changes);
      changes[which].push(item);
    }
  };
  for (const item of removed) note(item, 'removed');
  for (const item of added) note(item, 'added');
  return byKey;
}
