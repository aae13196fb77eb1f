/** Tables of findings are written from code (npm run docs); every code of the translation is one that the translator reports. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FAULT_CODES } from '../../src/translator/faults/fault-codes.ts';

const TRANSLATOR = join(import.meta.dirname, '..', '..', 'src', 'translator');

test('every code of the translation is used', () => {
  const sources = globSync('**/*.ts', { cwd: TRANSLATOR })
    .filter((file) => !file.endsWith('.test.ts') && !file.endsWith('fault-codes.ts'))
    .map((file) => readFileSync(join(TRANSLATOR, file), 'utf8'))
    .join('\n');
  assert.deepEqual(
    Object.keys(FAULT_CODES).filter((code) => !sources.includes(`'${code}'`)),
    [],
  );
});
