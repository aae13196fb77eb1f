/**
 * A second try of what failed, for the cluster stage alone: a whole Kubernetes shares two cores there, and one late pod fails a test that
 * says nothing of the product. What passes then is said to have needed it; what fails again has failed.
 */
import type { TestRecord } from './event-log-reporter.ts';
import { runFile, type FileResult, type RunFileOptions } from './run-file.ts';

export interface RetriedResult {
  readonly result: FileResult;
  /** Names of tests that failed at first and then passed. */
  readonly secondTries: readonly string[];
  /** The first try, when there was a second. */
  readonly first: FileResult | null;
}

export async function runTwiceAtMost(file: string, options: RunFileOptions): Promise<RetriedResult> {
  const first = await runFile(file, options);
  const failed = first.tests.filter(({ outcome }) => outcome === 'failed').map(({ name }) => name);
  if (failed.length === 0) return { result: first, secondTries: [], first: null };
  const second = await runFile(file, { ...options, only: failed });
  const secondTries = failed.filter((name) => outcomeOf(second, name) === 'passed');
  const tests = [
    ...first.tests.map((test) => replacement(test, second)),
    // What the second try found besides, such as that the file itself ended badly.
    ...second.tests.filter(({ name, outcome }) => outcome === 'failed' && !failed.includes(name)),
  ];
  const seconds = first.seconds + second.seconds;
  return { result: { ...second, tests, seconds }, secondTries, first };
}

function replacement(test: TestRecord, second: FileResult): TestRecord {
  if (test.outcome !== 'failed') return test;
  const again = second.tests.find(({ name }) => name === test.name);
  return again ?? { ...test, detail: `${test.detail}\n(it was not reached at the second try)` };
}

const outcomeOf = (result: FileResult, wanted: string): TestRecord['outcome'] | undefined =>
  result.tests.find(({ name }) => name === wanted)?.outcome;
