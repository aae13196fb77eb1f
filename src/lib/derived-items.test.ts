import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { DerivedItems } from './derived-items.ts';

interface Source {
  readonly name: number;
}

const SOURCES: readonly Source[] = Array.from({ length: 200 }, (_, name) => ({ name }));
const versions = fc.array(fc.uniqueArray(fc.constantFrom(...SOURCES), { maxLength: 200 }), { maxLength: 8 });
/** From none to three items, or one each. */
const manyOf = ({ name }: Source): readonly string[] =>
  Array.from({ length: name % 4 }, (_, at) => `${String(name)}.${String(at)}`);
const oneOf = ({ name }: Source): readonly string[] => [String(name)];

suite('derived items', () => {
  for (const make of [manyOf, oneOf]) {
    test(`equal items that are all made again: ${make.name}`, () => {
      fc.assert(
        fc.property(versions, (lists) => {
          const derived = new DerivedItems<Source, string>();
          for (const list of lists) assert.deepEqual(derived.update(list, make), list.flatMap(make));
        }),
      );
    });
  }

  test('are made of what is new, and of nothing else', () => {
    const made: number[] = [];
    const derived = new DerivedItems<Source, object>();
    const make = ({ name }: Source): readonly object[] => {
      made.push(name);
      return [{ name }];
    };
    const list = SOURCES.slice(0, 100);
    const before = derived.update(list, make);
    made.length = 0;
    const changed = list.with(7, { name: 1007 }).toSpliced(90, 1).toSpliced(50, 0, { name: 1050 });
    const after = derived.update(changed, make);
    assert.deepEqual(made, [1007, 1050]);
    assert.deepEqual(
      after.filter((item) => !before.includes(item)),
      [{ name: 1007 }, { name: 1050 }],
    );
    assert.equal(derived.update([...changed], make), after, 'the same sources: the same array');
  });

  test('are made again after they were forgotten, and all of them with another basis', () => {
    const derived = new DerivedItems<Source, string>();
    const list = SOURCES.slice(0, 100);
    const [third] = list.slice(3);
    assert.ok(third !== undefined);
    derived.update(list, () => ['old']);
    derived.forget([third]);
    const one = derived.update(list, () => ['new', 'new']);
    assert.deepEqual(one.indexOf('new'), 3);
    assert.equal(one.length, 101);
    derived.forget(list);
    assert.deepEqual(
      derived.update(list, () => ['all']),
      list.map(() => 'all'),
    );
    assert.deepEqual(
      derived.update(list, () => ['basis'], { basis: ['other'] }),
      list.map(() => 'basis'),
    );
  });
});
