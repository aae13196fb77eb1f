/** The command line wires layers together. When it grows, something in it belongs to a layer of its own. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MAX_LINES = 2_500;

test(`src/cli has at most ${String(MAX_LINES)} lines`, () => {
  const files = globSync('src/cli/**/*.ts', { cwd: ROOT }).filter((file) => !file.endsWith('.test.ts'));
  assert.ok(files.length > 10);
  const lines = files.map((file) => readFileSync(`${ROOT}${file}`, 'utf8').split('\n').length - 1);
  const total = lines.reduce((sum, count) => sum + count, 0);
  assert.ok(total <= MAX_LINES, `${String(total)} lines`);
});
