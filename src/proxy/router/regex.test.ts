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

  test('refuses patterns that are too large to serve', () => {
    assert.match(regexError('(.{0,1000}a)') ?? '', /fewer repetitions/);
    assert.match(regexError('(.?.?.?.?.?.?.?.?){100}b') ?? '', /fewer repetitions/);
    assert.match(regexError('\\pL{1000}'.repeat(400)) ?? '', /fewer repetitions/);
    assert.equal(regexError('/v[0-9]+/[a-z0-9-]{1,63}/(.{1,255})'), null);
  });

  test('patterns speak of characters, requests of their UTF-8 bytes', () => {
    const octets = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
    assert.equal(compileRegex('/caf.')(octets('/café')), true);
    assert.equal(compileRegex('/[éè]+/100%')(octets('/éè/100%')), true);
    assert.equal(compileRegex('/é')(octets('/é')), true);
    assert.equal(compileRegex('/caf.')('/caf\xff'), true, 'not UTF-8: a byte is a character');
  });

  test('a pattern that blows up elsewhere takes linear time', () => {
    assert.equal(compileRegex('(a+)+b')('a'.repeat(50_000)), false);
  });
});
