/** V8 is told these things while it runs, which it does not promise to hear: a Node that no longer does is found here. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { getHeapSpaceStatistics } from 'node:v8';
import { collectGarbage, keepYoungSpaceSmall } from './heap.ts';

const youngBytes = (): number =>
  getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size ?? 0;

/** Makes many objects, some of which live on; the most bytes that the space for young ones had. */
function makeObjects(): number {
  const kept: object[] = [];
  let most = 0;
  for (let index = 0; index < 1_000_000; index += 1) {
    kept[index % 100_000] = { index, list: [index] };
    if (index % 10_000 === 0) most = Math.max(most, youngBytes());
  }
  assert.equal(kept.length, 100_000);
  return most;
}

test('the space for young objects grows, is given back, and stays small once it is told to', () => {
  const grown = makeObjects();
  collectGarbage();
  const given = youngBytes();
  assert.ok(given * 2 < grown, `${String(given)} of ${String(grown)} bytes`);
  keepYoungSpaceSmall();
  const small = makeObjects();
  assert.ok(small * 2 < grown, `${String(small)} of ${String(grown)} bytes`);
});

test('what nothing refers to is gone', async () => {
  const reference = new WeakRef(new Array<number>(1_000_000).fill(0));
  // A WeakRef keeps what it was made for until the task is over.
  await setImmediate();
  collectGarbage();
  assert.equal(reference.deref(), undefined);
});
