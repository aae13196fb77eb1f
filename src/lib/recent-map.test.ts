import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecentMap } from './recent-map.ts';

test('what is used stays, the rest is forgotten, and the size is bounded', () => {
  const map = new RecentMap<number>(10);
  map.set('used', 1);
  for (let index = 0; index < 1_000; index += 1) {
    map.set(`k${String(index)}`, index);
    assert.equal(map.get('used'), 1);
    assert.ok(map.size <= 20);
  }
  assert.equal(map.get('k0'), undefined);
});

test('long keys count by their length', () => {
  const map = new RecentMap<number>(1_000, 100);
  for (let index = 0; index < 50; index += 1) map.set(String(index).padStart(60, '0'), index);
  assert.ok(map.size <= 4, String(map.size));
});
