/** docs/reference/findings.md and the table in code hold the same codes, severities and texts. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { COMMAND_FINDINGS } from '../../src/admin/findings/command-findings.ts';
import { INPUT_FINDINGS } from '../../src/gatewayapi/input-finding.ts';
import { tableRows } from '../support/markdown.ts';

const text = readFileSync(new URL('../../docs/reference/findings.md', import.meta.url), 'utf8');
const input = text.slice(text.indexOf('## Input findings'), text.indexOf('## Command findings'));

test('every code of an input finding is documented, with its severity and text, and no other', () => {
  const written = tableRows(input, 'code').map(([code, severity, meaning]) => [code, severity, meaning]);
  const inCode = Object.entries(INPUT_FINDINGS).map(([code, finding]) => [
    `\`${code}\``,
    finding.severity,
    finding.text,
  ]);
  assert.deepEqual(written.toSorted(), inCode.toSorted());
});

test('every finding of the commands is documented, with its severity and text, and no other', () => {
  const written = tableRows(text, 'finding').map((row) => row.slice(0, 3));
  const inCode = Object.entries(COMMAND_FINDINGS).map(([code, { severity, text: meaning }]) => [
    `\`${code}\``,
    severity,
    meaning,
  ]);
  assert.deepEqual(written, inCode);
});

test('every code says what to do', () => {
  for (const [code, , , advice] of tableRows(input, 'code')) assert.notEqual(advice, '', code);
});

const translation = text.slice(text.indexOf('## Translation findings'));
const TRANSLATOR = new URL('../../src/translator/', import.meta.url);

test('every code of the translation is documented with its severities, and no other', () => {
  const inCode = new Map<string, Set<string>>();
  for (const file of readdirSync(TRANSLATOR, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts') || file.endsWith('.test.ts')) continue;
    const source = readFileSync(new URL(file, TRANSLATOR), 'utf8');
    for (const [, severity = '', code = ''] of source.matchAll(
      /(error|warning|info)Fault\(\{\s*code: '([\w-]+)'/g,
    )) {
      inCode.set(code, (inCode.get(code) ?? new Set()).add(severity));
    }
  }
  assert.ok(inCode.size > 50, 'faults are no longer written as this test reads them');
  const expected = [...inCode].map(([code, severities]) => [
    `\`${code}\``,
    [...severities].sort().join(', '),
  ]);
  const written = tableRows(translation, 'code').map(([code, severity]) => [code, severity]);
  assert.deepEqual(written.toSorted(), expected.toSorted());
});

test('every code of the translation says what to do', () => {
  for (const [code, , meaning, advice] of tableRows(translation, 'code')) {
    assert.ok(meaning !== '' && advice !== '', code);
  }
});
