/** Links between documents lead somewhere. */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const documents = globSync(['*.md', 'docs/**/*.md', 'examples/**/*.md', 'test/**/*.md'], { cwd: root });

/** Targets of inline links and images, without fragment; addresses of other sites are not asked for. */
function localTargets(text: string): string[] {
  const prose = text.replaceAll(/^```.*?^```$/gmsu, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/gu)]
    .map(([, target = '']) => target.replace(/#.*$/u, ''))
    .filter((target) => target !== '' && !/^[a-z]+:/u.test(target));
}

for (const document of documents) {
  test(`links of ${document}`, () => {
    const text = readFileSync(join(root, document), 'utf8');
    const broken = localTargets(text).filter((target) => !existsSync(join(root, dirname(document), target)));
    assert.deepEqual(broken, []);
  });
}
