/** ARCHITECTURE.md shows the import law: its table and the one that the linter enforces are the same. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { LAYERS, type Layer } from '../../scripts/lint/import-law.ts';
import { tableRows } from '../support/markdown.ts';

const text = readFileSync(new URL('../../ARCHITECTURE.md', import.meta.url), 'utf8');

interface Allowance {
  readonly layers: readonly string[];
  readonly packages: readonly string[];
}

/** `lib, telemetry; `yaml`, `node:*`` taken apart. */
function parseCell(cell: string): Allowance {
  const [layers = '', packages = ''] = cell.split(';').map((part) => part.trim());
  const names = layers === 'nothing' ? [] : layers.split(', ').map((name) => `src/${name}`);
  return {
    layers: layers === 'every layer' ? LAYERS.map(({ folder }) => folder).filter(notCli) : names,
    packages: packages === '' ? [] : packages.split(', ').map((name) => name.replaceAll('`', '')),
  };
}

const notCli = (folder: string): boolean => folder !== 'src/cli';

function allowanceOf({ layers, packages, builtins }: Layer): Allowance {
  const node = builtins.length === 0 ? [] : [builtins.includes('*') ? 'node:*' : 'some of node:*'];
  return { layers, packages: [...packages, ...node] };
}

test('the code map lists every layer once', () => {
  const rows = tableRows(text, 'folder').map(([folder = '']) => folder.replaceAll('`', ''));
  assert.deepEqual(rows.toSorted(), LAYERS.map(({ folder }) => folder).toSorted());
});

for (const layer of LAYERS) {
  test(`the row of ${layer.folder} is what the linter allows`, () => {
    const row = tableRows(text, 'folder').find(([folder]) => folder === `\`${layer.folder}\``);
    const written = parseCell(row?.[2] ?? '');
    const enforced = allowanceOf(layer);
    assert.deepEqual(written.layers.toSorted(), enforced.layers.toSorted());
    assert.deepEqual(written.packages.toSorted(), enforced.packages.toSorted());
  });
}
