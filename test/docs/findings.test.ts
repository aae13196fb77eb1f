/** docs/reference/findings.md and the table in code hold the same codes, severities and texts. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { INPUT_FINDINGS } from '../../src/gatewayapi/input-finding.ts';
import { tableRows } from '../support/markdown.ts';

const text = readFileSync(new URL('../../docs/reference/findings.md', import.meta.url), 'utf8');
const input = text.slice(text.indexOf('## Of the input'));

test('every code of an input finding is documented, with its severity and text, and no other', () => {
  const written = tableRows(input, 'code').map(([code, severity, meaning]) => [code, severity, meaning]);
  const inCode = Object.entries(INPUT_FINDINGS).map(([code, finding]) => [
    `\`${code}\``,
    finding.severity,
    finding.text,
  ]);
  assert.deepEqual(written.toSorted(), inCode.toSorted());
});

test('every code says what to do', () => {
  for (const [code, , , advice] of tableRows(input, 'code')) assert.notEqual(advice, '', code);
});
