import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { diffPlain, PatchError, patchPlain, samePlain, type Plain } from './structural-patch.ts';

const roundTrip = (before: Plain, after: Plain): Plain => {
  const patch = diffPlain(before, after);
  return patch === null ? before : patchPlain(before, JSON.parse(JSON.stringify(patch)) as typeof patch);
};

suite('structural patch', () => {
  test('equal content needs no patch, whatever the objects', () => {
    assert.equal(diffPlain({ a: [1, { b: null }] }, { a: [1, { b: null }] }), null);
    assert.equal(diffPlain({ a: 1, b: undefined }, { a: 1 }), null);
    assert.equal(diffPlain([], []), null);
  });

  test('any value turns into any other', () => {
    const plain = fc.jsonValue() as fc.Arbitrary<Plain>;
    fc.assert(
      fc.property(plain, plain, (before, after) => {
        // JSON has one zero, and no member that is absent and present.
        const [from, to] = [before, after].map((value) => JSON.parse(JSON.stringify(value)) as Plain);
        assert.deepEqual(roundTrip(from ?? null, to ?? null), to);
        assert.equal(samePlain(from, to), diffPlain(from, to ?? null) === null);
        assert.ok(samePlain(from, structuredClone(from)));
      }),
    );
  });

  test('members named as what every object inherits come, change and go', () => {
    for (const name of ['valueOf', 'constructor', '__proto__']) {
      const [none, one, two] = ['{}', `{"${name}":{}}`, `{"${name}":1}`].map(
        (text) => JSON.parse(text) as Plain,
      );
      for (const before of [none, one, two]) {
        for (const after of [none, one, two]) {
          const to = after ?? null;
          assert.equal(JSON.stringify(roundTrip(before ?? null, to)), JSON.stringify(to), name);
          assert.equal(samePlain(before, to), before === after, name);
        }
      }
    }
  });

  test('lists of keyed items turn into each other: moved, changed, added, removed', () => {
    const item = fc.record(
      { id: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), value: fc.nat(2) },
      { noNullPrototype: true },
    );
    const list = fc.uniqueArray(item, { selector: ({ id }) => id });
    fc.assert(
      fc.property(list, list, (before, after) => {
        assert.deepEqual(roundTrip(before, after), after);
      }),
    );
  });

  test('one changed item among thousands is one small piece, and the rest stays the same objects', () => {
    const before = Array.from({ length: 5_000 }, (_, index) => ({ id: `r${String(index)}`, weight: 1 }));
    const after = before.map((one, index) => (index === 2_500 ? { ...one, weight: 2 } : one));
    const patch = diffPlain(before, after);
    assert.ok(patch !== null && JSON.stringify(patch).length < 120, JSON.stringify(patch).slice(0, 200));
    const patched = patchPlain(before, patch) as readonly object[];
    assert.deepEqual(patched, after);
    assert.equal(patched.filter((one, index) => one === before[index]).length, 4_999);
  });

  test('insertions at several places shift nothing', () => {
    const before = Array.from({ length: 1_000 }, (_, index) => ({
      hostname: `h${String(index)}`,
      n: [index],
    }));
    const after = [...before];
    for (const at of [900, 500, 10]) after.splice(at, 0, { hostname: `new${String(at)}`, n: [at] });
    const patch = diffPlain(before, after);
    assert.ok(patch !== null && JSON.stringify(patch).length < 300, JSON.stringify(patch).slice(0, 400));
    assert.deepEqual(patchPlain(before, patch), after);
  });

  test('a patch for another value is refused, not half applied', () => {
    const patch = diffPlain({ a: [1, 2, 3] }, { a: [1, 2, 3, 4] });
    assert.ok(patch !== null);
    assert.throws(() => patchPlain({ a: 1 }, patch), PatchError);
    assert.throws(() => patchPlain({ a: [1] }, patch), PatchError);
    assert.throws(() => patchPlain([], patch), PatchError);
  });
});
