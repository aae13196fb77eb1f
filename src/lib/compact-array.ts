const EMPTY: readonly never[] = [];

/** A copy of the list without spare room, for lists that are kept: one that grew item by item has room for sixteen more. */
export const compactArray = <Item>(list: readonly Item[]): readonly Item[] =>
  list.length === 0 ? EMPTY : list.slice();
