import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { diffByIdentity } from './list-diff.ts';
import { withChanges } from './sorted-list.ts';

interface Item {
  readonly rank: number;
  readonly name: number;
}

const ITEMS: readonly Item[] = Array.from({ length: 60 }, (_, name) => ({ rank: name % 7, name }));
const lists = fc.array(fc.uniqueArray(fc.constantFrom(...ITEMS), { maxLength: 60 }), {
  minLength: 1,
  maxLength: 8,
});
const byRankAndName = (a: Item, b: Item): number => a.rank - b.rank || a.name - b.name;

suite('difference of lists', () => {
  test('names what is in one and not in the other, whatever the order', () => {
    fc.assert(
      fc.property(lists, (steps) => {
        let before: readonly Item[] = [];
        for (const after of steps) {
          const { removed, added } = diffByIdentity(before, after);
          const expected = (list: readonly Item[], other: readonly Item[]): readonly Item[] =>
            list.filter((item) => !other.includes(item)).toSorted(byRankAndName);
          assert.deepEqual(removed.toSorted(byRankAndName), expected(before, after));
          assert.deepEqual(added.toSorted(byRankAndName), expected(after, before));
          before = after;
        }
      }),
    );
  });

  test('tells objects apart that say the same', () => {
    const [a, b] = [{ name: 1 }, { name: 1 }];
    assert.deepEqual(diffByIdentity([a], [b]), { removed: [a], added: [b] });
    assert.deepEqual(diffByIdentity([a, b], [b, a]), { removed: [], added: [] });
  });
});

suite('sorted list', () => {
  test('equals a full sort, with one change as with many', () => {
    fc.assert(
      fc.property(lists, (steps) => {
        let sorted: readonly Item[] = [];
        let before: readonly Item[] = [];
        for (const after of steps) {
          sorted = withChanges(sorted, diffByIdentity(before, after), byRankAndName);
          assert.deepEqual(sorted, after.toSorted(byRankAndName));
          before = after;
        }
      }),
    );
  });

  test('removes the very item among those that compare alike', () => {
    const byRank = (a: Item, b: Item): number => a.rank - b.rank;
    const list = withChanges([], { removed: [], added: ITEMS }, byRank);
    const [, second] = ITEMS.filter(({ rank }) => rank === 3);
    assert.ok(second !== undefined);
    const items = withChanges(list, { removed: [second], added: [] }, byRank);
    assert.equal(items.length, ITEMS.length - 1);
    assert.ok(!items.includes(second));
    assert.equal(
      withChanges(items, { removed: [], added: [] }, byRank),
      items,
      'nothing changed: the same array',
    );
  });
});
