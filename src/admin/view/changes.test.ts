import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChangeLog, MAX_CHANGES } from './changes.ts';

const AT = '2026-01-01T00:00:00.000Z';

function logOf(count: number): ChangeLog {
  const log = new ChangeLog();
  for (let revision = 1; revision <= count; revision++) {
    const change = { revision, at: AT, collections: ['routes'], objects: [], moreObjects: 0, servedAt: null };
    log.add(change, revision % 2 === 0);
  }
  return log;
}

test('the most recent changes are kept; those after a revision are known only while none of them is dropped', () => {
  const log = logOf(MAX_CHANGES + 44);
  assert.equal(log.newestFirst.length, MAX_CHANGES);
  assert.equal(log.newestFirst[0]?.revision, MAX_CHANGES + 44);
  assert.equal(log.after(43), null);
  assert.equal(log.after(44)?.length, MAX_CHANGES);
  assert.equal(log.after(MAX_CHANGES + 43)?.length, 1);
  assert.deepEqual(log.after(MAX_CHANGES + 44), []);
});

test('only changes of the configuration are ever served', () => {
  const log = logOf(4);
  assert.equal(log.servedAll(AT), true);
  assert.equal(log.servedAll(AT), false, 'nothing is left to serve');
  assert.deepEqual(
    log.newestFirst.map(({ revision, servedAt }) => [revision, servedAt]),
    [
      [4, AT],
      [3, null],
      [2, AT],
      [1, null],
    ],
  );
});
