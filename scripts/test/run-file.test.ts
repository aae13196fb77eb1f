/** The runner must never call a bad file good: a hang, a crash and an empty file are failures. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { describeFailures, summarize } from './report.ts';
import { runFile, type FileResult } from './run-file.ts';

const root = mkdtempSync(join(tmpdir(), 'sluice-runner-'));
after(() => rmSync(root, { recursive: true }));

async function runText(text: string, limitMs = 30_000): Promise<FileResult> {
  writeFileSync(join(root, 'case.test.ts'), `import { describe, test } from 'node:test';\n${text}`);
  return runFile('case.test.ts', { root, limitMs, testLimitMs: 1_000 });
}

test('counts what passed, failed, was skipped and is to do', async () => {
  const result = await runText(`
    describe('group', () => {
      test('good', () => {});
      test('bad', () => { throw new Error('broken on purpose'); });
      test('absent', (t) => { t.skip('no such tool'); });
      test.todo('later');
    });
    describe('whole', { skip: 'not here' }, () => { test('inner', () => {}); });
    describe('never', { skip: false }, () => { test('ran', () => {}); });`);
  assert.deepEqual(
    result.tests.map(({ name, outcome }) => [name, outcome]),
    [
      ['good', 'passed'],
      ['bad', 'failed'],
      ['absent', 'skipped'],
      ['later', 'todo'],
      ['whole', 'skipped'],
      ['ran', 'passed'],
    ],
  );
  const { text, failed } = summarize([], [{ name: 'case', files: [result], seconds: 1 }]);
  assert.equal(failed, 1);
  assert.match(text, /absent \(no such tool\)/);
  assert.match(text, /whole \(not here\)/);
  assert.match(text, /\n2 passed, 1 failed, 3 skipped\n$/);
  assert.match(describeFailures(result), /case\.test\.ts:5: bad[^]*broken on purpose/);
});

test('a file that cannot be loaded fails, with what it printed', async () => {
  const result = await runText("import './absent.ts';");
  assert.deepEqual(
    result.tests.map(({ outcome, detail }) => [outcome, detail]),
    [['failed', 'Exited with code 1.']],
  );
  assert.match(describeFailures(result), /Cannot find module/);
});

test('a file without a test fails', async () => {
  const result = await runText('');
  assert.equal(result.tests[0]?.detail, 'Holds no test.');
});

test('a test that hangs fails by name, and the next ones still run', async () => {
  const result = await runText(`
    test('stuck', () => new Promise((resolve) => { setTimeout(resolve, 3_000); }));
    test('next', () => {});`);
  assert.deepEqual(
    result.tests.map(({ name, outcome }) => [name, outcome]),
    [
      ['stuck', 'failed'],
      ['next', 'passed'],
    ],
  );
  assert.match(result.tests[0]?.detail ?? '', /timed out after 1000ms/);
});

test('a file that leaves something open is ended and fails', async () => {
  const result = await runText("test('good', () => { setInterval(() => {}, 1000); });", 1_500);
  assert.match(result.tests.at(-1)?.detail ?? '', /Still running after 1.5 s/);
});

test('a file that ends with an error after its tests fails', async () => {
  const result = await runText(
    "test('good', () => {}); process.on('exit', () => { process.exitCode = 3; });",
  );
  assert.equal(result.tests.at(-1)?.detail, 'Exited with code 3.');
});
