/** docs/reference/rewrite-filter.md: paths are rewritten as its table says. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { PathRewriter } from '../../src/proxy/filter/regex-rewrite.ts';
import { tableRows } from '../support/markdown.ts';

const page = readFileSync(new URL('../../docs/reference/rewrite-filter.md', import.meta.url), 'utf8');
const bare = (cell: string | undefined): string => (cell ?? '').replaceAll('`', '');

test('paths are rewritten as the table says', () => {
  const rows = tableRows(page, 'pattern').map((row) => row.map(bare));
  assert.ok(rows.length > 5);
  for (const [pattern = '', replacement = '', scope, request = '', expected] of rows) {
    const rewriter = new PathRewriter({
      pattern,
      replacement,
      scope: scope === 'Match' ? 'match' : 'path',
    });
    const [path = '', query = ''] = request.split('?');
    const { target } = rewriter.rewrite(path, query, { kind: 'prefix', value: '/' });
    assert.equal(target ?? path, expected, `${pattern} of ${request}`);
  }
});
