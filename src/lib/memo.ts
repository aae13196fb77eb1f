/**
 * Results of one pass over changing inputs, kept for the next pass. A computation has a key and lists its inputs; while these are
 * the same objects, the pass reuses the last value. Code that uses a memo computes the same without it, only slower.
 * A memo keeps no function, because it would keep everything that the closure refers to.
 */
import { DerivedItems } from './derived-items.ts';
import { GroupedItems, type Grouping } from './grouped-items.ts';
import { reuseIfEqual, reuseIfSameItems } from './reuse.ts';
import { KeyedList, type Derivation } from './keyed-list.ts';
import { diffByIdentity, type ListDiff } from './list-diff.ts';
import { withChanges, type Compare } from './sorted-list.ts';

/** What the values of objects depend on besides the object. */
export interface Dependencies<Source> {
  /** If one of these is a different object, every value is computed again. */
  readonly inputs?: readonly unknown[];
  /** Objects whose values are computed again. */
  readonly stale?: readonly Source[];
}

export class Memo {
  /** By method, then by key. */
  readonly #cells = new Map<string, Map<string, object>>();
  readonly #parts = new Map<string, Memo>();
  /** Of a part: whether the present pass uses it. */
  #isUsed = false;

  /** Runs one pass, and drops parts that it does not use. */
  pass<Value>(run: () => Value): Value {
    const value = run();
    this.#sweep();
    return value;
  }

  #sweep(): void {
    for (const [key, part] of this.#parts) {
      if (part.#isUsed) part.#sweep();
      else this.#parts.delete(key);
      part.#isUsed = false;
    }
  }

  /** A separate memo, for a computation that a pass runs several times. */
  part(key: string): Memo {
    let part = this.#parts.get(key);
    if (part === undefined) {
      part = new Memo();
      this.#parts.set(key, part);
    }
    part.#isUsed = true;
    return part;
  }

  /** Drops a part, which may be incomplete after a failed computation. */
  forget(key: string): void {
    this.#parts.delete(key);
  }

  /** Computed again if an input is a different object. `before`: the last value. */
  value<Value>(key: string, inputs: readonly unknown[], compute: (before: Value | null) => Value): Value {
    const cell = this.#cell('value', key, (): ValueCell<Value> => ({ inputs: null, value: null }));
    return valueOf(cell, inputs, compute);
  }

  /** Computed in every pass from the last value. */
  fold<Value>(key: string, compute: (before: Value | null) => Value): Value {
    return this.#fold('fold', key, compute);
  }

  /** `value`, or the last one if it is equal. Both are plain data. */
  equal<Value extends object>(key: string, value: Value): Value {
    return this.#fold<Value>('equal', key, (before) => reuseIfEqual(before ?? undefined, value));
  }

  /** `list`, or the last one if it has the same items. */
  sameItems<Item>(key: string, list: readonly Item[]): readonly Item[] {
    return this.#fold<readonly Item[]>('sameItems', key, (before) => reuseIfSameItems(before ?? [], list));
  }

  /** Whether an input is a different object than in the last pass, or there was no pass. */
  hasChanged(key: string, inputs: readonly unknown[]): boolean {
    const cell = this.#cell('hasChanged', key, (): { inputs: readonly unknown[] | null } => ({
      inputs: null,
    }));
    const before = cell.inputs;
    cell.inputs = inputs;
    return before === null || reuseIfSameItems(before, inputs) !== before;
  }

  /** The difference of a list to the last pass, by identity. */
  changes<Item extends object>(key: string, list: readonly Item[]): ListDiff<Item> {
    const cell = this.#cell('changes', key, (): { list: readonly Item[] } => ({ list: [] }));
    const before = cell.list;
    cell.list = list;
    return diffByIdentity(before, list);
  }

  /** The items of sources, any number each, in their order. Items of unchanged sources are not computed again. */
  items<Source, Item>(
    key: string,
    sources: readonly Source[],
    make: (source: Source) => readonly Item[],
    { inputs, stale = [] }: Dependencies<Source> = {},
  ): readonly Item[] {
    const derived = this.#cell('items', key, () => new DerivedItems<Source, Item>());
    derived.forget(stale);
    return derived.update(sources, make, inputs === undefined ? {} : { basis: inputs });
  }

  /** One value for each source, in their order. A value equal to the last one of its key stays the same object. */
  list<Source extends object, Value>(
    key: string,
    sources: readonly Source[],
    derivation: Derivation<Source, Value>,
  ): readonly Value[] {
    return this.#cell('list', key, () => new KeyedList<Source, Value>()).update(sources, derivation);
  }

  /** A list in another order, at a cost proportional to the change. */
  sorted<Item extends object>(key: string, items: readonly Item[], compare: Compare<Item>): readonly Item[] {
    const cell = this.#cell('sorted', key, (): Sorted<Item> => ({ items: [], sorted: [] }));
    cell.sorted = withChanges(cell.sorted, diffByIdentity(cell.items, items), compare);
    cell.items = items;
    return cell.sorted;
  }

  /** Items grouped by their keys. A group is computed again if its items change. */
  groups<Item extends object, Key, Group extends object>(
    key: string,
    items: readonly Item[],
    grouping: Grouping<Item, Key, Group>,
  ): readonly Group[] {
    return this.#cell('groups', key, () => new GroupedItems<Item, Key, Group>()).update(items, grouping);
  }

  /** A value for one object, computed again if an input is a different object. */
  valueFor<Value>(
    key: string,
    object: object,
    inputs: readonly unknown[],
    compute: (before: Value | null) => Value,
  ): Value {
    const cells = this.#cell('valueFor', key, () => new WeakMap<object, ValueCell<Value>>());
    let cell = cells.get(object);
    if (cell === undefined) {
      cell = { inputs: null, value: null };
      cells.set(object, cell);
    }
    return valueOf(cell, inputs, compute);
  }

  /** A value for each object, kept as long as the object exists and no input changes. */
  byObject<Key extends object, Value extends object>(
    key: string,
    compute: (object: Key) => Value,
    { inputs = [], stale = [] }: Dependencies<Key> = {},
  ): (object: Key) => Value {
    const cell = this.#cell('byObject', key, (): ValueCell<WeakMap<Key, Value>> => {
      return { inputs: null, value: null };
    });
    const known = valueOf(cell, inputs, () => new WeakMap<Key, Value>());
    for (const object of stale) known.delete(object);
    return (object) => {
      let value = known.get(object);
      if (value === undefined) {
        value = compute(object);
        known.set(object, value);
      }
      return value;
    };
  }

  #fold<Value>(method: keyof Memo, key: string, compute: (before: Value | null) => Value): Value {
    const cell = this.#cell(method, key, (): { value: Value | null } => ({ value: null }));
    const value = compute(cell.value);
    cell.value = value;
    return value;
  }

  /** A key names one computation of each method. */
  #cell<Cell extends object>(method: keyof Memo, key: string, create: () => Cell): Cell {
    const byKey = this.#cells.get(method) ?? new Map<string, object>();
    this.#cells.set(method, byKey);
    let cell = byKey.get(key);
    if (cell === undefined) {
      cell = create();
      byKey.set(key, cell);
    }
    return cell as Cell;
  }
}

interface Sorted<Item> {
  items: readonly Item[];
  sorted: readonly Item[];
}

interface ValueCell<Value> {
  inputs: readonly unknown[] | null;
  value: Value | null;
}

function valueOf<Value>(
  cell: ValueCell<Value>,
  inputs: readonly unknown[],
  compute: (before: Value | null) => Value,
): Value {
  if (cell.inputs === null || reuseIfSameItems(cell.inputs, inputs) !== cell.inputs) {
    cell.value = compute(cell.value);
    cell.inputs = inputs;
  }
  return cell.value as Value;
}
