/** docs/reference/routing.md says of paths, filters and gRPC what the code does. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { GRPC_STATUS } from '../../src/proxy/message/grpc-status.ts';
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

test('filters act in the order of the one table in the code', () => {
  const inCode = tableRows(read('src/proxy/filter/order.ts').replaceAll(/^ \* /gmu, ''), '#');
  const written = tableRows(page, 'step');
  assert.deepEqual(
    written.map(([step, filter]) => [step, filter]),
    inCode.map(([step, filter]) => [step, filter]),
  );
});

test('every reason has the gRPC status of the table', () => {
  const written = tableRows(page, 'grpc-status').flatMap(([status, , reasons]) =>
    bare(reasons)
      .split(', ')
      .map((reason) => [reason, Number(status)] as const),
  );
  assert.deepEqual(Object.fromEntries(written), GRPC_STATUS);
  assert.equal(written.length, Object.keys(GRPC_STATUS).length);
});
