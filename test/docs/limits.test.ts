/** docs/reference/limits.md: every bound has the value of the constant that it names. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { tableRows } from '../support/markdown.ts';

const page = readFileSync(new URL('../../docs/reference/limits.md', import.meta.url), 'utf8');
const UNITS: Readonly<Record<string, number>> = { KiB: 1_024, MiB: 1_048_576, s: 1_000 };

/** `64 KiB`, `30 s`, `1,000`. */
function valueOf(text: string): number {
  const [, digits = '', unit = ''] = /^([0-9,]+)(?: ([A-Za-z]+))?$/.exec(text) ?? [];
  return Number(digits.replaceAll(',', '')) * (unit === '' ? 1 : (UNITS[unit] ?? NaN));
}

/** The number of `const NAME = 1_024;` in a file of src/proxy. */
function constantOf(file: string, name: string): number {
  const source = readFileSync(new URL(`../../src/proxy/${file}`, import.meta.url), 'utf8');
  const [, digits = ''] = new RegExp(`const ${name} = ([0-9_]+);`).exec(source) ?? [];
  return digits === '' ? NaN : Number(digits.replaceAll('_', ''));
}

test('bounds are those of the code', () => {
  const rows = [...tableRows(page, 'what'), ...tableRows(page, 'wait for')];
  assert.ok(rows.length > 25, 'the tables are read');
  for (const [what = '', most = '', , where = ''] of rows) {
    const [, name = '', file = ''] = /^`(\w+)` in `([^`]+)`$/.exec(where) ?? [];
    assert.equal(valueOf(most), constantOf(file, name), `${what}: ${where}`);
  }
});
