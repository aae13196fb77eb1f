import assert from 'node:assert/strict';
import { test } from 'node:test';
import { suggest } from './suggest.ts';

test('the nearest candidate is suggested, whatever its case', () => {
  const words = ['backendRefs', 'matches', 'filters', 'name'];
  assert.equal(suggest('backendRef', words), 'backendRefs');
  assert.equal(suggest('BACKENDREFS', words), 'backendRefs');
  assert.equal(suggest('mathces', words), 'matches', 'neighbors swapped');
  assert.equal(suggest('nme', words), 'name');
});

test('nothing is suggested when nothing is near', () => {
  assert.equal(suggest('timeouts', ['name', 'matches']), null);
  assert.equal(suggest('', ['name']), null);
  assert.equal(suggest('name', []), null);
});
