const NOTHING: readonly never[] = [];

/** For lists that are kept: one that grew item by item holds room for sixteen more, and one that is empty need not be a list of its own. */
export const trimmed = <Item>(list: readonly Item[]): readonly Item[] =>
  list.length === 0 ? NOTHING : list.slice();
