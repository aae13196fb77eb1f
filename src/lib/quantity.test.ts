import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBytes } from './quantity.ts';

test('decimal and binary suffixes, fractions rounded up', () => {
  const cases = {
    '0': 0,
    '65536': 65_536,
    '64Ki': 65_536,
    '1.5Mi': 1_572_864,
    '2k': 2_000,
    '1.0001k': 1_001,
  };
  for (const [text, bytes] of Object.entries(cases)) assert.equal(parseBytes(text), bytes, text);
  assert.equal(parseBytes(4096), 4096);
});

test('what is no size is none', () => {
  for (const text of ['', '-1', '1KB', '1 Ki', 'Ki', '1.', '.5', '1e3'])
    assert.equal(parseBytes(text), null, text);
});
