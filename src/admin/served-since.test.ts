import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServedSince } from './served-since.ts';

test('an object is served since all workers applied the revision with its generation', () => {
  const ledger = new ServedSince();
  ledger.published([{ key: 'a', generation: 1 }], 1);
  assert.equal(ledger.of('a'), null);
  ledger.serving(1, 1_000);
  assert.equal(ledger.of('a'), '1970-01-01T00:00:01.000Z');

  ledger.published(
    [
      { key: 'a', generation: 1 },
      { key: 'b', generation: 1 },
    ],
    2,
  );
  ledger.serving(1, 2_000);
  assert.equal(ledger.of('b'), null, 'an older revision says nothing of it');
  ledger.serving(2, 3_000);
  assert.equal(ledger.of('a'), '1970-01-01T00:00:01.000Z', 'what did not change is served on');
  assert.equal(ledger.of('b'), '1970-01-01T00:00:03.000Z');

  ledger.published([{ key: 'a', generation: 2 }], 3);
  assert.equal(ledger.of('a'), null, 'a new generation has its own time');
  assert.equal(ledger.of('b'), null, 'and what is gone has none');
});
