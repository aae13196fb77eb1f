/**
 * `sluice check` over manifests written as people write them: plain ones, Helm charts, Flux and Argo CD repositories, kustomizations, code
 * blocks of documentation, and the files beside them. `expected.txt` holds every finding; `node test/corpus/corpus.test.ts --update`
 * rewrites it.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Problem } from '../../src/admin/findings/problem.ts';
import { checkPaths } from '../../src/report/check/report.ts';

const ROOT = fileURLToPath(new URL('manifests/', import.meta.url));
const EXPECTED = new URL('expected.txt', import.meta.url);

/** What is checked together: an application, a chart, a repository; each of the mistakes for itself. */
const CASES = readdirSync(ROOT)
  .toSorted()
  .flatMap((name) =>
    ['plain', 'mistakes', 'other-controllers'].includes(name)
      ? readdirSync(join(ROOT, name))
          .toSorted()
          .map((below) => `${name}/${below}`)
      : [name],
  );

const fileOf = ({ location }: Problem): string => (location?.file ?? '').slice(ROOT.length);

function describeCase(name: string): string {
  const { problems, objects } = checkPaths([join(ROOT, name)], { ignore: [] });
  const lines = problems.map((problem) => {
    const { severity, code, location, message, hint } = problem;
    const place = `${fileOf(problem)}:${String(location?.line ?? 0)}`;
    const advice = hint === null ? '' : `\n    -> ${hint.replaceAll(ROOT, '')}`;
    return `  ${severity} [${code}] ${place} ${message.replaceAll(ROOT, '')}${advice}`;
  });
  return [`${name}: ${String(objects)} objects`, ...lines].join('\n');
}

const found = new Map(CASES.map((name) => [name, describeCase(name)]));
if (process.argv.includes('--update')) writeFileSync(EXPECTED, `${[...found.values()].join('\n\n')}\n`);
const expected = new Map(
  readFileSync(EXPECTED, 'utf8')
    .trimEnd()
    .split('\n\n')
    .map((block) => [block.slice(0, block.indexOf(':')), block]),
);

suite('findings of the corpus', () => {
  for (const name of CASES) {
    test(name, () => {
      assert.equal(found.get(name), expected.get(name));
    });
  }

  test('nothing is expected of a folder that is not there', () => {
    assert.deepEqual([...expected.keys()], CASES);
  });
});

test('the corpus has at least 100 files', () => {
  const files = readdirSync(ROOT, { recursive: true, encoding: 'utf8' });
  assert.ok(files.filter((file) => statSync(join(ROOT, file)).isFile()).length >= 100);
});

test('a file that holds no manifest gets one finding at most', () => {
  const codes = [
    'template',
    'not-kubernetes',
    'kustomization-not-applied',
    'placeholder',
    'placeholder-not-read',
    'syntax',
  ];
  const { problems } = checkPaths([ROOT], { ignore: [] });
  const files = problems.filter(({ code }) => codes.includes(code)).map(fileOf);
  assert.deepEqual(
    files.filter((file, index) => files.indexOf(file) !== index),
    [],
  );
});
