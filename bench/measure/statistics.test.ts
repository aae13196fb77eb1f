import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseStat } from './process-tree.ts';
import { median, spread } from './statistics.ts';

test('median of an odd and of an even number of values', () => {
  assert.equal(median([5, 1, 3]), 3);
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.ok(Number.isNaN(median([])));
});

test('spread is relative to the median', () => {
  assert.equal(spread([9, 10, 12]), 0.3);
});

test('proc stat: time of a process whose name holds a parenthesis, ended children included', () => {
  const stat = parseStat('42 (a) b) S 7 42 42 0 -1 0 1 2 3 4 150 50 20 10 20 0 1 0');
  assert.deepEqual(stat, { pid: 42, parent: 7, cpu: { userUs: 1_700_000, systemUs: 600_000 } });
});
