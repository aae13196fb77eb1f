/** The catalog of conditions, which docs/reference/conditions.md shows, has exactly those of the golden statuses. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { CONDITIONS } from '../../src/translator/status/catalog/condition-catalog.ts';

const ROOT = join(import.meta.dirname, '..', '..');

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

const catalog = Object.entries(CONDITIONS).flatMap(([subject, conditions]) =>
  conditions.map(({ type, status, reason }) => [subject, type, status, reason].join(' | ')),
);

test('the catalog of conditions has every one that is written, and no other', () => {
  assert.deepEqual(catalog.toSorted(), [...written()].toSorted());
});
