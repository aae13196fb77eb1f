import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { RE2JS } from 're2js';
import { compileRegex, regexError } from './regex.ts';

suite('regular expressions', () => {
  test('shortcuts answer as the engine does', () => {
    const piece = fc.constantFrom('a', 'b', '/', '.*', '^', '$', '\\.', '(a|b)', '[ab]', '-');
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 4 }),
        fc.string({ unit: fc.constantFrom('a', 'b', '/', '.', '-') }),
        (pieces, text) => {
          const pattern = pieces.join('');
          if (regexError(pattern) !== null) return;
          assert.equal(compileRegex(pattern)(text), RE2JS.compile(pattern).matches(text), pattern);
        },
      ),
      { numRuns: 5_000 },
    );
  });

  test('says what is wrong with a pattern', () => {
    assert.match(regexError('(a') ?? '', /missing/);
    assert.notEqual(regexError('(?=a)'), null, 'look-ahead is not RE2');
    assert.equal(regexError('^/v[0-9]+'), null);
  });

  test('a pattern that blows up elsewhere takes linear time', () => {
    assert.equal(compileRegex('(a+)+b')('a'.repeat(50_000)), false);
  });
});
