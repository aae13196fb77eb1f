/** docs/reference/routing.md says of paths and filters what the code does. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { BUILT_IN_FILTERS } from '../../src/proxy/filter/filters.ts';
import { matchPath, normalisePath } from '../../src/proxy/router/path.ts';
import { tableRows } from '../support/markdown.ts';

const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
const page = read('docs/reference/routing.md');
const bare = (cell: string | undefined): string => (cell ?? '').replaceAll('`', '');

test('paths are forwarded or refused as the table says', () => {
  const rows = tableRows(page, 'path');
  assert.ok(rows.length > 10);
  for (const [path, forwarded] of rows) {
    assert.equal(normalisePath(bare(path)) ?? 'refused', bare(forwarded), path);
  }
});

test('paths are matched as the table says', () => {
  const rows = tableRows(page.slice(page.indexOf('stricter reading')), 'path');
  assert.ok(rows.length > 3);
  for (const [path, matched] of rows) assert.equal(matchPath(bare(path)), bare(matched), path);
});

test('the table has a row for each stage at which a filter acts, and for the checks of the gateway', () => {
  const used = new Set(BUILT_IN_FILTERS.flatMap(({ stages }) => Object.values(stages)));
  const rows = tableRows(page, 'step');
  assert.deepEqual(
    rows.map(([step]) => step),
    rows.map((_, index) => String(index + 1)),
  );
  const ofConnections = BUILT_IN_FILTERS.flatMap(({ connection }) => connection?.stage ?? []);
  assert.equal(rows.length, new Set([...used, ...ofConnections, 'checks']).size);
});
