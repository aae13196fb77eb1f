import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoizeLast } from './memoize-last.ts';

test('computes again only when an input is another one', () => {
  let runs = 0;
  const list = [1];
  const sum = memoizeLast(
    ({ items, offset }: { readonly items: readonly number[]; readonly offset: number }) => {
      runs += 1;
      return { value: items.reduce((total, item) => total + item, offset) };
    },
  );
  const first = sum({ items: list, offset: 1 });
  assert.equal(sum({ items: list, offset: 1 }), first);
  assert.equal(runs, 1);
  assert.equal(sum({ items: list, offset: 2 }).value, 3);
  assert.equal(sum({ items: [1], offset: 2 }).value, 3);
  assert.equal(runs, 3);
});
