/** CONTRIBUTING.md lists what `npm test` runs. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { GATES } from '../../scripts/test/gates.ts';
import { findSuites } from '../../scripts/test/suites.ts';
import { tableRows } from '../support/markdown.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const text = readFileSync(new URL('../../CONTRIBUTING.md', import.meta.url), 'utf8');

test('every gate and every suite has a row, and every row is one of them', () => {
  const written = tableRows(text, 'suite').map(([name = '']) => name.replaceAll('`', ''));
  const run = [...GATES.map(({ name }) => name), ...findSuites(root, []).map(({ name }) => name)];
  assert.deepEqual(written.toSorted(), run.toSorted());
});
