/** docs/reference/reasons.md and the table in code hold the same codes, statuses and texts. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { REASONS } from '../../src/ir/reason.ts';
import { tableRows } from '../support/markdown.ts';

const text = readFileSync(new URL('../../docs/reference/reasons.md', import.meta.url), 'utf8');

test('every reason code is documented, with its status and text, and no other', () => {
  const written = tableRows(text, 'code').map(([code, status, meaning]) => [code, status, meaning]);
  const inCode = Object.entries(REASONS).map(([code, reason]) => [
    `\`${code}\``,
    `${reason.status}`,
    reason.text,
  ]);
  assert.deepEqual(written.toSorted(), inCode.toSorted());
});

test('every code says what to look at', () => {
  for (const [code, , , advice] of tableRows(text, 'code')) assert.notEqual(advice, '', code);
});
