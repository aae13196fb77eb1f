import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServedSince, type ServedObject } from './served-since.ts';

const object = (key: string, generation = 1): ServedObject => ({ key, generation });

test('an object is served since all workers applied the revision with its generation', () => {
  const ledger = new ServedSince();
  ledger.published({ removed: [], added: [object('a')] }, 1);
  assert.equal(ledger.of('a'), null);
  ledger.serving(1, 1_000);
  assert.equal(ledger.of('a'), '1970-01-01T00:00:01.000Z');

  ledger.published({ removed: [], added: [object('b')] }, 2);
  assert.equal(ledger.serving(1, 2_000), false);
  assert.equal(ledger.of('b'), null, 'an older revision says nothing of it');
  assert.equal(ledger.serving(2, 3_000), true);
  assert.equal(ledger.of('a'), '1970-01-01T00:00:01.000Z', 'what did not change is served on');
  assert.equal(ledger.of('b'), '1970-01-01T00:00:03.000Z');
  assert.equal(ledger.serving(2, 4_000), false, 'nothing is new');

  ledger.published({ removed: [object('a'), object('b')], added: [object('a', 2)] }, 3);
  assert.equal(ledger.of('a'), null, 'a new generation has its own time');
  assert.equal(ledger.of('b'), null, 'and a removed object has none');
  assert.equal(ledger.serving(3, 5_000), true);
  assert.equal(ledger.of('b'), null);
});

test('an object keeps its time when only its status changes, and a removed one that comes back gets a new one', () => {
  const ledger = new ServedSince();
  ledger.published({ removed: [], added: [object('a')] }, 1);
  ledger.serving(1, 1_000);
  ledger.published({ removed: [object('a')], added: [object('a')] }, 2);
  assert.equal(ledger.of('a'), '1970-01-01T00:00:01.000Z');
  ledger.published({ removed: [object('a')], added: [] }, 3);
  ledger.published({ removed: [], added: [object('a')] }, 4);
  assert.equal(ledger.of('a'), null);
  ledger.serving(4, 4_000);
  assert.equal(ledger.of('a'), '1970-01-01T00:00:04.000Z');
});
