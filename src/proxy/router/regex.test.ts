import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { RE2JS } from 're2js';
import { literalPrefix } from './literal-prefix.ts';
import { compileRegex, measureRegex } from './regex.ts';

function regexError(pattern: string): string | null {
  const measured = measureRegex(pattern);
  return typeof measured === 'string' ? measured : null;
}

suite('regular expressions', () => {
  test('shortcuts answer as the engine does', () => {
    const piece = fc.constantFrom('a', 'b', '/', '.*', '^', '$', '\\.', '(a|b)', '[ab]', '-', '/[^/]+/');
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 4 }),
        fc.string({ unit: fc.constantFrom('a', 'b', '/', '.', '-') }),
        (pieces, text) => {
          const pattern = pieces.join('');
          if (regexError(pattern) !== null) return;
          assert.equal(compileRegex(pattern).test(text), RE2JS.compile(pattern).matches(text), pattern);
        },
      ),
      { numRuns: 5_000 },
    );
  });

  test('every text that matches starts with the literal prefix', () => {
    const piece = fc.constantFrom(
      ...[
        'a',
        'b',
        '/',
        '^',
        '$',
        '\\.',
        '\\/',
        '(a|b)',
        '|',
        '[a|b]',
        '[]|]',
        '[^(]',
        '\\(',
        '(?:a)',
        '(?i)',
        'é',
      ],
      ...[
        '*',
        '+',
        '?',
        '{0,2}',
        '{1,2}',
        '.',
        '%',
        ';',
        '\\x61',
        '\\Qa|\\E',
        '\\Q',
        '\\E',
        '(?i:a)',
        '(?i:',
        ')',
        '()',
        '(?:)',
        '[[:alpha:]|]',
        ' ',
      ],
    );
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'A', '/', '.', '|', '(', ']', '%', ';', ' ') });
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), fc.array(text, { maxLength: 8 }), (pieces, texts) => {
        const pattern = pieces.join('');
        if (regexError(pattern) !== null) return;
        const prefix = literalPrefix(pattern);
        for (const one of [...texts, ...texts.map((rest) => prefix.slice(0, -1) + rest)]) {
          const matches = RE2JS.compile(pattern).matches(one);
          assert.equal(compileRegex(pattern).test(one), matches, `${pattern} on ${one}`);
          if (matches) assert.ok(one.startsWith(prefix), `${pattern} has not the prefix ${prefix}: ${one}`);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test('literal prefixes are found where they can be', () => {
    assert.equal(literalPrefix('^/api/v[12]/(users|orders)(/.*)?$'), '/api/v');
    assert.equal(literalPrefix('/a\\.b/x*'), '/a.b/');
    assert.equal(literalPrefix('/a|/b'), '');
    assert.equal(literalPrefix('(?i)/a'), '');
    assert.equal(literalPrefix('a(?i)*b'), '', 'the repetition is of the a');
    assert.equal(literalPrefix('a\\Q\\E*b'), '', 'here too');
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
    assert.match(regexError('/(a|b)*a(a|b){230}c') ?? '', /the limit is 100/);
    assert.equal(regexError('/v[0-9]+/[a-z0-9-]{1,40}/(.+)'), null);
    assert.equal(regexError(`/${'long-literal/'.repeat(20)}.*`), null, 'a string comparison has no program');
  });

  test('what is too large is not compiled by a proxy either', () => {
    assert.throws(() => compileRegex('/(a|b)*a(a|b){230}c'), /the limit is 100/);
  });

  test('patterns speak of characters, requests of their UTF-8 bytes', () => {
    const octets = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
    assert.equal(compileRegex('/caf.').test(octets('/café')), true);
    assert.equal(compileRegex('/[éè]+/100%').test(octets('/éè/100%')), true);
    assert.equal(compileRegex('/é').test(octets('/é')), true);
    assert.equal(compileRegex('/caf.').test('/caf\xff'), true, 'not UTF-8: a byte is a character');
  });

  test('a pattern that blows up elsewhere takes linear time', () => {
    assert.equal(compileRegex('(a+)+b').test('a'.repeat(50_000)), false);
  });
});
