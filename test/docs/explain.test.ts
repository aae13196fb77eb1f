/** docs/reference/explain.md and what `explain` prints agree, field by field. */
import assert from 'node:assert/strict';
import { EXPLAIN_CONTEXT } from '../support/explain-context.ts';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseRequest } from '../../src/admin/explain/request.ts';
import { translatePaths } from '../../src/report/translate-paths.ts';
import { explain } from '../../src/proxy/router/explain.ts';
import { compileRegex } from '../../src/proxy/router/regex.ts';
import { tableRows } from '../support/markdown.ts';

const page = readFileSync(new URL('../../docs/reference/explain.md', import.meta.url), 'utf8');

test('every field is documented, and no other', () => {
  const parsed = parseRequest('GET http://shop.example/cart', ['x-user-group: beta']);
  assert.ok(parsed.ok);
  const [config] = translatePaths(['examples/quickstart'], { allClasses: false }).result.configs;
  assert.ok(config !== undefined);
  const explanation = explain(config, parsed.request, compileRegex, EXPLAIN_CONTEXT);
  assert.ok(explanation !== null);
  const documented = tableRows(page, 'field').map(([field = '']) => field.replaceAll('`', ''));
  assert.deepEqual(documented.toSorted(), Object.keys(explanation).toSorted());
  for (const inner of [explanation.backends[0], explanation.nearMisses[0]]) {
    for (const field of Object.keys(inner ?? {})) assert.ok(page.includes(`\`${field}\``), field);
  }
});
