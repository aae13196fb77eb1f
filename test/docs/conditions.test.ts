/** docs/reference/conditions.md names exactly the conditions that occur: those of the golden statuses, which hold every one there is. */
import assert from 'node:assert/strict';
import { globSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { tableRows } from '../support/markdown.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const text = readFileSync(join(ROOT, 'docs', 'reference', 'conditions.md'), 'utf8');

interface Conditions {
  readonly conditions?: readonly {
    readonly type: string;
    readonly status: string;
    readonly reason: string;
  }[];
}

interface Status extends Conditions {
  readonly listeners?: readonly Conditions[];
  readonly parents?: readonly Conditions[];
  readonly ancestors?: readonly Conditions[];
}

/** Section, type, status and reason of everything that goldens write. */
function written(): ReadonlySet<string> {
  const found = new Set<string>();
  const note = (section: string, { conditions = [] }: Conditions): void => {
    for (const { type, status, reason } of conditions) found.add([section, type, status, reason].join(' | '));
  };
  for (const file of globSync('test/golden/**/status.yaml', { cwd: ROOT })) {
    const { statuses } = parse(readFileSync(join(ROOT, file), 'utf8')) as {
      readonly statuses: readonly { readonly kind: string; readonly status: Status }[] | null;
    };
    for (const { kind, status } of statuses ?? []) {
      note(kind, status);
      for (const listener of status.listeners ?? []) note(LISTENERS, listener);
      for (const parent of status.parents ?? [])
        note(kind.endsWith('Route') ? ROUTES : `${kind}${EACH}`, parent);
      for (const ancestor of status.ancestors ?? []) note(`${kind}${EACH}`, ancestor);
    }
  }
  return found;
}

const LISTENERS = 'Listeners of Gateways and ListenerSets';
const ROUTES = 'Routes, for each parent';
const EACH = ', for each Gateway';

const sections = text.split(/^## /mu).slice(1);
const rows = sections.flatMap((section) =>
  tableRows(section, 'condition').map((cells) => ({
    section: section.slice(0, section.indexOf('\n')),
    cells: cells.map((cell) => cell.replaceAll('`', '')),
  })),
);

test('every condition that is written is documented, and no other', () => {
  const documented = rows.map(({ section, cells }) => [section, ...cells.slice(0, 3)].join(' | '));
  assert.deepEqual(documented.toSorted(), [...written()].toSorted());
});

test('every condition has a meaning and something to do', () => {
  for (const { cells } of rows) for (const cell of cells) assert.notEqual(cell, '', cells.join(' | '));
});

test('every reason in code occurs in a golden status', () => {
  const folders = ['faults', 'status', 'policy'].map((name) => join(ROOT, 'src', 'translator', name));
  const sources = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
      .map((file) => readFileSync(join(folder, file), 'utf8')),
  );
  const inCode = sources.flatMap((source) =>
    [...source.matchAll(/reason: '([A-Z]\w+)'|(?:holds|fails)\(\s*'[\w./]+',\s*'([A-Z]\w+)'/gu)].map(
      ([, ofFault, ofVerdict]) => ofFault ?? ofVerdict ?? '',
    ),
  );
  assert.ok(new Set(inCode).size > 30, 'reasons are no longer written as this test reads them');
  const documented = new Set(rows.map(({ cells }) => cells[2]));
  assert.deepEqual(
    [...new Set(inCode)].filter((reason) => !documented.has(reason)),
    [],
  );
});
