/** The charts render what is kept beside, are what Helm calls clean, and watch numbers that exist. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { ROOT } from '../conformance/lab.ts';
import { CASES, VALUES_FILES } from './cases.ts';
import { findHelm, lint, objectsOf, readChartFile } from './helm.ts';

const BUILD_LIMIT_MS = 600_000;
const helm = findHelm();

suite('charts', { skip: helm.kind === 'missing' && helm.why, timeout: BUILD_LIMIT_MS }, () => {
  const program = helm.kind === 'tool' ? helm.tool : '';
  for (const { name, file, render } of CASES) {
    test(`${name} renders as it is kept`, () => {
      assert.equal(render(program), readFileSync(file, 'utf8'));
    });
  }

  for (const file of VALUES_FILES) {
    test(`helm lint --strict is content with ${file.slice(file.lastIndexOf('/') + 1)}`, () => {
      assert.equal(lint(program, 'sluice', file), '');
    });
  }

  const refused = [
    ['replicas=0', /replicas/],
    ['logLevel=loud', /logLevel/],
    ['replica=2', /replica/],
    ['image.repository=', /image\.repository|repository/],
  ] as const;
  for (const [setting, message] of refused) {
    test(`the values schema refuses ${setting}`, () => {
      const words = ['template', 'sluice', join(ROOT, 'charts', 'sluice'), '--kube-version', 'v1.37.0'];
      const { status, stderr } = spawnSync(program, [...words, '--set', setting], { encoding: 'utf8' });
      assert.notEqual(status, 0);
      assert.match(stderr, message);
    });
  }
});

suite('what is watched', () => {
  const page = readFileSync(join(ROOT, 'docs', 'reference', 'metrics.md'), 'utf8');
  const known = new Set([...page.matchAll(/^\| `(sluice_\w+)`/gm)].map(([, name]) => name));
  for (const file of ['alerts.yaml', 'dashboards/sluice.json']) {
    test(`${file} asks for metrics that exist`, () => {
      const text = readChartFile(file);
      const asked = [...text.matchAll(/\bsluice_\w+/g)].map(([name]) =>
        name.replace(/_(?:bucket|sum|count)$/, ''),
      );
      assert.ok(asked.length > 5);
      assert.deepEqual(
        [...new Set(asked)].filter((name) => !known.has(name)),
        [],
      );
    });
  }

  test('every alert says what is wrong and what it means', () => {
    const [rules] = objectsOf(readChartFile('alerts.yaml')) as readonly [AlertGroups];
    for (const { alert, expr, annotations } of rules.groups.flatMap((group) => group.rules)) {
      assert.match(alert, /^Sluice[A-Z]\w+$/);
      assert.notEqual(expr, '');
      assert.ok(annotations.summary.endsWith('.') && annotations.description.endsWith('.'), alert);
    }
  });
});

interface AlertGroups {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert: string;
      readonly expr: string;
      readonly annotations: { readonly summary: string; readonly description: string };
    }[];
  }[];
}
