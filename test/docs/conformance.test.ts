/** README's table of conformance is what the published report says. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { tableRows } from '../support/markdown.ts';

interface Part {
  readonly result: string;
  readonly statistics: { readonly Passed: number; readonly Failed: number; readonly Skipped: number };
  readonly supportedFeatures?: readonly string[];
  readonly unsupportedFeatures?: readonly string[];
  readonly skippedTests?: readonly string[];
}

interface Report {
  readonly gatewayAPIVersion: string;
  readonly mode: string;
  readonly profiles: readonly { readonly name: string; readonly core: Part; readonly extended: Part }[];
}

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const report = parse(read('conformance/reports/v1.6.3.yaml')) as Report;
const readme = read('README.md');

const shown = ({ statistics: { Passed, Failed, Skipped } }: Part): string =>
  `${String(Passed)} passed, ${String(Failed)} failed, ${String(Skipped)} skipped`;

test('the table has every profile with its results and extended features', () => {
  const expected = report.profiles
    .map(({ name, core, extended }) => [
      `\`${name}\``,
      shown(core),
      shown(extended),
      String(extended.supportedFeatures?.length ?? 0),
    ])
    .toSorted();
  assert.deepEqual(tableRows(readme, 'profile').toSorted(), expected);
  assert.ok(readme.includes(`Gateway API ${report.gatewayAPIVersion}`));
});

test('nothing in the report is unsupported, skipped or failed', () => {
  assert.equal(report.mode, 'default');
  for (const { name, core, extended } of report.profiles) {
    for (const part of [core, extended]) {
      assert.equal(part.result, 'success', name);
      assert.equal(part.unsupportedFeatures?.length ?? 0, 0, name);
      assert.equal(part.skippedTests?.length ?? 0, 0, name);
      assert.deepEqual([part.statistics.Failed, part.statistics.Skipped], [0, 0], name);
    }
  }
});
