/** Layers import one another in one direction: no chain of allowed imports leads back to where it began. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LAYERS } from './import-law.ts';

/** Layers that lead back to themselves, each with the way there; empty when there are none. */
function findCycles(imports: ReadonlyMap<string, readonly string[]>): string[][] {
  const done = new Set<string>();
  const cycles: string[][] = [];
  const visit = (folder: string, way: readonly string[]): void => {
    if (way.includes(folder)) cycles.push([...way.slice(way.indexOf(folder)), folder]);
    if (done.has(folder) || way.includes(folder)) return;
    for (const next of imports.get(folder) ?? []) visit(next, [...way, folder]);
    done.add(folder);
  };
  for (const folder of imports.keys()) visit(folder, []);
  return cycles;
}

test('the import law has no cycle', () => {
  assert.deepEqual(findCycles(new Map(LAYERS.map(({ folder, layers }) => [folder, layers]))), []);
});

test('a cycle is found, however long', () => {
  const imports = new Map([
    ['a', ['b']],
    ['b', ['c', 'd']],
    ['c', []],
    ['d', ['a', 'c']],
  ]);
  assert.deepEqual(findCycles(imports), [['a', 'b', 'd', 'a']]);
});
