import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import {
  changedTypes,
  currentEncodings,
  hashedShapes,
  recorded,
  type EncodingRecord,
} from '../../test/support/encoding-record.ts';

const RAISE = {
  format: 'CONFIG_FORMAT in src/ir/codec.ts',
  protocol: 'the protocol in src/configsync/versions.ts',
} as const;

suite('what other releases read', () => {
  const [before, now] = [recorded(), currentEncodings()];
  for (const what of ['format', 'protocol'] as const) {
    test(`the ${what} has the version that was recorded for its shape`, () => {
      const changed = changedTypes(before[what], now[what]).join(', ');
      assert.equal(
        changed === '' || now[what].version > before[what].version,
        true,
        `${changed} changed: raise ${RAISE[what]}, then run node scripts/record-encoding.ts`,
      );
      assert.deepEqual(now[what], before[what], 'run node scripts/record-encoding.ts');
    });
  }

  test('filters and policies are recorded kind by kind', () => {
    const names = Object.keys(now.format.shapes);
    for (const name of ['Filter cors', 'Filter redirect', 'PolicyValue of any other kind']) {
      assert.ok(names.includes(name), name);
    }
  });

  test('a kind of filter or policy can be added without a new format; any other change needs one', (t) => {
    const before = recordOf(t, CONTRACT);
    const changedBy = (from: string, to: string): readonly string[] => {
      assert.ok(CONTRACT.includes(from));
      return changedTypes(before, recordOf(t, CONTRACT.replace(from, to)));
    };
    assert.deepEqual(changedBy('Cors | Redirect', 'Cors | Redirect | Quota'), []);
    assert.deepEqual(
      changedBy('Value<string, object>;', "Value<string, object> | Value<'Quota', Quota>;"),
      [],
    );
    assert.deepEqual(changedBy('Cors | Redirect', 'Cors'), ['Filter redirect']);
    assert.deepEqual(changedBy('origin: string', 'origin: string | null'), ['Filter cors']);
    assert.deepEqual(changedBy('settings: Settings', 'values: Settings'), ['PolicyValue of any other kind']);
    assert.deepEqual(changedBy('filters: Filter[]', 'filters: Filter[] | null'), ['Config']);
    assert.deepEqual(changedBy('policies?: ', 'policies: '), ['Config']);
  });
});

const CONTRACT = `
export interface Cors { kind: 'cors'; origin: string }
export interface Redirect { kind: 'redirect'; port: number }
export interface Quota { kind: 'quota'; bytes: number }
export type Filter = Cors | Redirect;
export interface Value<Kind extends string, Settings> { kind: Kind; settings: Settings }
export type PolicyValue = Value<string, object>;
export interface Config { rules: { filters: Filter[]; policies?: readonly PolicyValue[] }[] }
`;

function recordOf(t: TestContext, contract: string): EncodingRecord {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-contract-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  const file = join(folder, 'contract.ts');
  writeFileSync(file, contract);
  const open = ['Filter', 'PolicyValue'].map((name) => ({ file, name }));
  return { version: 1, shapes: hashedShapes({ file, names: ['Config'], open }) };
}
