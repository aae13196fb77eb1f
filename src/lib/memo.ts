/**
 * What one pass over changing inputs computed, kept for the next pass. A computation has a key and names what it depends on; while these are
 * the same objects, the pass takes over the value of the one before. Code that uses a memo computes the same without it, at another cost.
 */
import { DerivedItems } from './derived-items.ts';
import { GroupedItems, type Grouping } from './grouped-items.ts';
import { reuseIfEqual, reuseIfSameItems } from './reuse.ts';
import { KeyedList, type Derivation } from './keyed-list.ts';
import { diffByIdentity, type ListDiff } from './list-diff.ts';
import { SortedList, type Compare } from './sorted-list.ts';

/** What the values of objects depend on besides the object. */
export interface Dependencies<Source> {
  /** When one of these is another object, every value is made again. */
  readonly inputs?: readonly unknown[];
  /** Objects whose values are made again. */
  readonly stale?: readonly Source[];
}

export class Memo {
  readonly #cells = new Map<string, object>();
  readonly #parts = new Map<string, Memo>();
  #used = new Set<string>();

  /** Runs one pass. Parts that it does not use are forgotten. */
  pass<Value>(run: () => Value): Value {
    const value = run();
    this.#sweep();
    return value;
  }

  #sweep(): void {
    const used = this.#used;
    this.#used = new Set();
    for (const [key, part] of this.#parts) {
      if (used.has(key)) part.#sweep();
      else this.#parts.delete(key);
    }
  }

  /** A memo of its own, for a computation that a pass runs several times. */
  part(key: string): Memo {
    this.#used.add(key);
    const part = this.#parts.get(key) ?? new Memo();
    this.#parts.set(key, part);
    return part;
  }

  /** Forgets a part, which may be left half way by a computation that failed. */
  forget(key: string): void {
    this.#parts.delete(key);
  }

  /** Computed again when an input is another object. `before`: the last value. */
  value<Value>(key: string, inputs: readonly unknown[], compute: (before: Value | null) => Value): Value {
    const cell = this.#cell(key, (): ValueCell<Value> => ({ inputs: null, value: null }));
    if (cell.inputs === null || reuseIfSameItems(cell.inputs, inputs) !== cell.inputs) {
      cell.value = compute(cell.value);
      cell.inputs = inputs;
    }
    return cell.value as Value;
  }

  /** Computed in every pass from the last value. */
  fold<Value>(key: string, compute: (before: Value | null) => Value): Value {
    const cell = this.#cell(key, (): ValueCell<Value> => ({ inputs: null, value: null }));
    cell.value = compute(cell.value);
    return cell.value;
  }

  /** `value`, or that of the last pass where it is equal. Both are plain data. */
  equal<Value extends object>(key: string, value: Value): Value {
    return this.fold<Value>(key, (before) => reuseIfEqual(before ?? undefined, value));
  }

  /** `list`, or that of the last pass where it has the same items. */
  sameItems<Item>(key: string, list: readonly Item[]): readonly Item[] {
    return this.fold<readonly Item[]>(key, (before) => reuseIfSameItems(before ?? [], list));
  }

  /** How a list differs from what it was in the last pass, by identity. */
  changes<Item extends object>(key: string, list: readonly Item[]): ListDiff<Item> {
    const cell = this.#cell(key, (): { list: readonly Item[] } => ({ list: [] }));
    const before = cell.list;
    cell.list = list;
    return diffByIdentity(before, list);
  }

  /** The items that sources give, any number each, in their order. Those of a source that was there before are not made again. */
  items<Source, Item>(
    key: string,
    sources: readonly Source[],
    make: (source: Source) => readonly Item[],
    { inputs, stale = [] }: Dependencies<Source> = {},
  ): readonly Item[] {
    const derived = this.#cell(key, () => new DerivedItems<Source, Item>());
    derived.forget(stale);
    return derived.update(sources, make, inputs);
  }

  /** One value for each source, in their order. A value that is equal to the last one of its key stays the same object. */
  list<Source extends object, Value>(
    key: string,
    sources: readonly Source[],
    derivation: Derivation<Source, Value>,
  ): readonly Value[] {
    return this.#cell(key, () => new KeyedList<Source, Value>()).update(sources, derivation);
  }

  /** A list in another order, at the cost of what changed. */
  sorted<Item extends object>(key: string, items: readonly Item[], compare: Compare<Item>): readonly Item[] {
    const { removed, added } = this.changes(`${key} unsorted`, items);
    return this.#cell(key, () => new SortedList<Item>(compare)).change(removed, added);
  }

  /** Items by the keys that each has. A group is made again when its items change. */
  groups<Item extends object, Group extends object>(
    key: string,
    items: readonly Item[],
    grouping: Grouping<Item, Group>,
  ): readonly Group[] {
    return this.#cell(key, () => new GroupedItems<Item, Group>()).update(items, grouping);
  }

  /** A value for each object, kept for as long as the object is, and until an input is another. */
  byObject<Key extends object, Value>(
    key: string,
    compute: (object: Key) => Value,
    { inputs = [], stale = [] }: Dependencies<Key> = {},
  ): (object: Key) => Value {
    const known = this.value(key, inputs, () => new WeakMap<Key, { readonly value: Value }>());
    for (const object of stale) known.delete(object);
    return (object) => {
      let found = known.get(object);
      if (found === undefined) {
        found = { value: compute(object) };
        known.set(object, found);
      }
      return found.value;
    };
  }

  /** A key is used by one method and one type. */
  #cell<Cell extends object>(key: string, create: () => Cell): Cell {
    let cell = this.#cells.get(key);
    if (cell === undefined) {
      cell = create();
      this.#cells.set(key, cell);
    }
    return cell as Cell;
  }
}

interface ValueCell<Value> {
  inputs: readonly unknown[] | null;
  value: Value | null;
}
