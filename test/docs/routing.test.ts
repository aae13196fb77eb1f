/** docs/reference/routing.md says of paths, filters and gRPC what the code does. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { BUILT_IN_FILTERS } from '../../src/proxy/filter/filters.ts';
import { FILTER_ORDER } from '../../src/proxy/filter/order.ts';
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
  const inCode = FILTER_ORDER.map(({ title }) => title).filter((title) => title !== null);
  const written = tableRows(page, 'step').map(([step, filter]) => [step, filter]);
  assert.deepEqual(
    written,
    inCode.map((title, index) => [String(index + 1), title]),
  );
});

test('the table names the stages of filters that exist, and no others', () => {
  const ofGateway = ['grpc-web', 'checks'];
  const named = FILTER_ORDER.filter(({ title }) => title !== null).map(({ stage }) => stage);
  const used = BUILT_IN_FILTERS.flatMap(({ stages }) => Object.values(stages));
  assert.deepEqual(new Set(named), new Set([...ofGateway, ...used]));
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
