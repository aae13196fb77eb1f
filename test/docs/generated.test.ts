/** What `npm run docs` writes is what the pages hold. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { generatePages } from '../../scripts/docs/pages.ts';
import { markdownTable, replaceSections } from '../../scripts/docs/section.ts';
import { SECTIONS } from '../../scripts/docs/sections.ts';
import { REASONS } from '../../src/ir/reason.ts';

for (const page of await generatePages(join(import.meta.dirname, '..', '..'), SECTIONS)) {
  test(`${page.path} is up to date (npm run docs)`, () => {
    assert.equal(page.current, page.generated);
  });
}

test('every reason code says what to look at', () => {
  for (const [code, { advice }] of Object.entries(REASONS)) assert.notEqual(advice, '', code);
});

const section = (name: string, text: string): { page: string; name: string; render: () => string } => ({
  page: 'page.md',
  name,
  render: () => text,
});
const marked = (name: string, text: string): string =>
  `<!-- generated: ${name} (npm run docs) -->\n${text}<!-- end of ${name} -->`;

test('sections are replaced, and the text around them stays', async () => {
  const page = `before\n\n${marked('one', 'old')}\n\nbetween\n\n${marked('two', '')}\nafter`;
  assert.equal(
    await replaceSections('page.md', page, [section('one', '1'), section('two', '2')]),
    `before\n\n${marked('one', '\n1\n\n')}\n\nbetween\n\n${marked('two', '\n2\n\n')}\nafter`,
  );
});

test('markers without a section, and a section without markers, are errors', async () => {
  await assert.rejects(replaceSections('page.md', marked('one', ''), []), /no section one/);
  await assert.rejects(replaceSections('page.md', 'text', [section('one', '1')]), /no markers .* one/);
  await assert.rejects(
    replaceSections('page.md', marked('one', '') + marked('one', ''), [section('one', '1')]),
    /no section one/,
  );
});

test('a pipe in a cell is text', () => {
  assert.equal(markdownTable(['a'], [['x | y']]), '| a |\n| --- |\n| x \\| y |');
});
