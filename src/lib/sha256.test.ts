import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import fc from 'fast-check';
import { sha256Hex } from './sha256.ts';

const reference = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');

test('agrees with node:crypto for any text, lone surrogates included', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
      assert.equal(sha256Hex(text), reference(text));
    }),
  );
  for (const text of ['', '\ud800', '\udc00x', 'a\ud83d', '😀'.repeat(40)]) {
    assert.equal(sha256Hex(text), reference(text));
  }
});

test('agrees around every block boundary', () => {
  for (let length = 50; length < 200; length++) {
    const text = 'x'.repeat(length);
    assert.equal(sha256Hex(text), reference(text));
  }
});
