/** Links between documents lead to a file that exists, and to a heading of it. */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const documents = globSync(['*.md', 'docs/**/*.md', 'examples/**/*.md', 'test/**/*.md'], { cwd: root });

interface Link {
  /** From the folder of the document; empty for a place in the document itself. */
  readonly path: string;
  /** Of a heading; empty = none. */
  readonly anchor: string;
}

/** Targets of inline links and images; addresses of other sites are not asked for. */
function localLinks(text: string): Link[] {
  const prose = text.replaceAll(/^```.*?^```$/gmsu, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/gu)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/u.test(target))
    .map((target) => {
      const [path = '', anchor = ''] = target.split('#');
      return { path, anchor };
    });
}

/** Anchors that GitHub gives to the headings of a document. */
const anchorsOf = (text: string): Set<string> =>
  new Set(
    [...text.replaceAll(/^```.*?^```$/gmsu, '').matchAll(/^#+ (.*)$/gmu)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );

function isBroken(document: string, { path, anchor }: Link): boolean {
  const target = path === '' ? document : join(dirname(document), path);
  if (!existsSync(join(root, target))) return true;
  if (anchor === '' || !target.endsWith('.md')) return false;
  return !anchorsOf(readFileSync(join(root, target), 'utf8')).has(anchor);
}

for (const document of documents) {
  test(`links of ${document}`, () => {
    const text = readFileSync(join(root, document), 'utf8');
    assert.deepEqual(
      localLinks(text).filter((link) => isBroken(document, link)),
      [],
    );
  });
}

test('the map of the documentation leads to every page', () => {
  const map = localLinks(readFileSync(join(root, 'docs/README.md'), 'utf8')).map(({ path }) =>
    join('docs', path),
  );
  const pages = documents.filter(
    (document) => /^docs\/.*\.md$/u.test(document) && document !== 'docs/README.md',
  );
  assert.deepEqual(
    pages.filter((page) => !map.includes(page)),
    [],
  );
});
