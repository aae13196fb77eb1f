/** `countGroups` and the engine count the same groups, in whatever pattern the engine takes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RE2JS } from 're2js';
import { Random } from '../../../test/support/random.ts';
import { countGroups } from '../../lib/regex-groups.ts';

const PIECES = [
  ...[
    '(',
    ')',
    '(',
    ')',
    '(?:',
    '(?P<a>',
    '(?<b>',
    '(?i)',
    '(?i:',
    '[',
    ']',
    '[^',
    '[]',
    '[^]',
    '\\(',
    '\\)',
  ],
  ...[
    '\\[',
    '\\]',
    '\\\\',
    '\\Q',
    '\\E',
    '[[:alpha:]',
    '[:alpha:]',
    '|',
    '*',
    '+',
    '?',
    '.',
    'a',
    'b',
    '/',
    '<',
    '>',
  ],
  ...['{2}', '\\d', '\\pL', '\\p{Greek}', '\\x28', '\\x{29}', '^', '$'],
];

test('groups are counted as the engine counts them', () => {
  let compiled = 0;
  let most = 0;
  for (let seed = 0; seed < 12_000; seed++) {
    const random = new Random(seed);
    const pattern = Array.from({ length: 1 + random.below(9) }, () => random.pick(PIECES)).join('');
    let groups: number;
    try {
      groups = RE2JS.compile(pattern).groupCount();
    } catch {
      continue;
    }
    compiled += 1;
    most = Math.max(most, groups);
    assert.equal(countGroups(pattern), groups, pattern);
  }
  assert.ok(compiled > 2_000 && most > 0, `${String(compiled)} patterns, ${String(most)} groups`);
});
