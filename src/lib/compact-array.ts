const EMPTY: readonly never[] = [];

/** A copy without spare capacity, for lists that are kept: an array that grew item by item has room for sixteen more. */
export const compactArray = <Item>(list: readonly Item[]): readonly Item[] =>
  list.length === 0 ? EMPTY : list.slice();
