/** docs/reliability.md names, for each class of attack, the tests that hold it: each is there. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { tableRows } from '../support/markdown.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(join(root, 'docs', 'reliability.md'), 'utf8');

/** `path`: “title”, “title”; `path`: “title”. */
function namedTests(cell: string): { readonly path: string; readonly titles: readonly string[] }[] {
  return [...cell.matchAll(/`([^`]+)`:((?: “[^”]+”,?)+)/g)].map(([, path = '', titles = '']) => ({
    path,
    titles: [...titles.matchAll(/“([^”]+)”/g)].map(([, title = '']) => title),
  }));
}

test('every class of attack names tests, and each of them is there', () => {
  const rows = tableRows(page, 'attack');
  assert.ok(rows.length > 20, 'the table is read');
  for (const [attack = '', cell = ''] of rows) {
    const named = namedTests(cell);
    assert.ok(named.length > 0, `${attack}: names no test`);
    for (const { path, titles } of named) {
      assert.ok(existsSync(join(root, path)), `${attack}: there is no ${path}`);
      const source = readFileSync(join(root, path), 'utf8');
      for (const title of titles) assert.ok(source.includes(title), `${path} has no “${title}”`);
    }
  }
});

test('a name that is not there would be found', () => {
  assert.deepEqual(namedTests('`a.ts`: “one”, “two”; `b.ts`: “three”'), [
    { path: 'a.ts', titles: ['one', 'two'] },
    { path: 'b.ts', titles: ['three'] },
  ]);
});
