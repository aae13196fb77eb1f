/** What a memo gives is what computing everything again would give; only what depends on a change is computed again. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { Memo } from './memo.ts';
import { reuseIfEqual } from './reuse.ts';

interface Source {
  readonly name: string;
  readonly group: string;
}

const SOURCES: readonly Source[] = Array.from({ length: 120 }, (_, at) => ({
  name: String(at).padStart(3, '0'),
  group: String(at % 7),
}));
/** Versions of a list: any sources in any order. */
const versions = fc.array(fc.uniqueArray(fc.constantFrom(...SOURCES), { maxLength: 120 }), { maxLength: 8 });

const byName = (a: Source, b: Source): number => (a.name < b.name ? -1 : 1);

suite('memo', () => {
  test('gives what computing again gives, whatever the versions of a list', () => {
    fc.assert(
      fc.property(versions, (lists) => {
        const memo = new Memo();
        for (const list of lists) {
          memo.pass(() => {
            const items = memo.items('items', list, ({ name }) => [name, name]);
            assert.deepEqual(
              items,
              list.flatMap(({ name }) => [name, name]),
            );
            const values = memo.list('list', list, {
              keyOf: ({ name }) => name,
              derive: ({ name }) => ({ name }),
              reuse: reuseIfEqual,
            });
            assert.deepEqual(
              values,
              list.map(({ name }) => ({ name })),
            );
            assert.deepEqual(memo.sorted('sorted', list, byName), list.toSorted(byName));
            const groups = memo.groups('groups', list, {
              keysOf: ({ group }) => [group, 'all'],
              order: byName,
              make: (key, members) => ({ key, members }),
              compare: (a, b) => (a.key < b.key ? -1 : 1),
            });
            const sorted = list.toSorted(byName);
            const expected = [...Map.groupBy(sorted, ({ group }) => group), ['all', sorted] as const]
              .filter(([, members]) => members.length > 0)
              .map(([key, members]) => ({ key, members }))
              .sort((a, b) => (a.key < b.key ? -1 : 1));
            assert.deepEqual(groups, expected);
          });
        }
      }),
    );
  });

  test('takes lists over as the same objects while nothing changes', () => {
    const memo = new Memo();
    const lists = (): readonly unknown[] =>
      memo.pass(() => [
        memo.items('items', [...SOURCES], ({ name }) => [name]),
        memo.sorted('sorted', [...SOURCES], byName),
        memo.sameItems('same', [...SOURCES]),
        memo.equal('equal', { group: { name: 'a' } }),
      ]);
    const before = lists();
    for (const [at, list] of lists().entries()) assert.equal(list, before[at]);
  });

  test('computes a value again when an input is another object', () => {
    const memo = new Memo();
    let computed = 0;
    const value = (input: object): number => memo.value('value', [input], () => (computed += 1));
    const [a, b] = [{}, {}];
    assert.deepEqual([value(a), value(a), value(b), value(a)], [1, 1, 2, 3]);
  });

  test('keeps values of objects apart, each with inputs of its own', () => {
    const memo = new Memo();
    let computed = 0;
    const [a, b] = [{}, {}];
    const value = (object: object, input: object): number =>
      memo.valueFor('value', object, [input], () => (computed += 1));
    assert.deepEqual([value(a, a), value(b, a), value(a, a), value(b, b), value(a, a)], [1, 2, 1, 3, 1]);
  });

  test('makes again the values of what is stale, and no others', () => {
    const memo = new Memo();
    const made: string[] = [];
    const [first, second] = SOURCES;
    assert.ok(first !== undefined && second !== undefined);
    const make = ({ name }: Source): readonly string[] => {
      made.push(name);
      return [name];
    };
    const run = (stale: readonly Source[]): void => {
      memo.items('items', [first, second], make, { stale });
      const of = memo.byObject('byObject', make, { stale });
      for (const source of [first, second]) of(source);
    };
    run([]);
    run([second]);
    assert.deepEqual(made, ['000', '001', '000', '001', '001', '001']);
  });

  test('forgets parts that a pass does not use', () => {
    const memo = new Memo();
    let computed = 0;
    const run = (parts: readonly string[]): void => {
      memo.pass(() => {
        for (const key of parts)
          memo
            .part(key)
            .part('inner')
            .value('value', [], () => (computed += 1));
      });
    };
    run(['a', 'b']);
    run(['a', 'b']);
    assert.equal(computed, 2);
    run(['a']);
    run(['a', 'b']);
    assert.equal(computed, 3);
  });
});
