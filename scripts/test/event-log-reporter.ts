/** A reporter for `node --test-reporter`: one JSON line per finished test, for scripts/test/run-file.ts to read. */
import { inspect } from 'node:util';
import type { TestEvent } from 'node:test/reporters';

export interface TestRecord {
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'skipped' | 'todo';
  readonly line: number | null;
  /** Why it failed or was skipped; empty when it passed. */
  readonly detail: string;
}

function record(event: TestEvent): TestRecord | null {
  if (event.type !== 'test:pass' && event.type !== 'test:fail') return null;
  const { data } = event;
  const error = event.type === 'test:fail' ? event.data.details.error : null;
  if (data.details.type === 'suite' && onlyGroups(error, data.skip)) return null;
  const base = { name: data.name, line: data.line ?? null };
  if (error !== null) {
    return { ...base, outcome: 'failed', detail: inspect(error.cause, { depth: 6 }) };
  }
  if (data.skip !== undefined) return { ...base, outcome: 'skipped', detail: textOf(data.skip) };
  if (data.todo !== undefined) return { ...base, outcome: 'todo', detail: textOf(data.todo) };
  return { ...base, outcome: 'passed', detail: '' };
}

/** True when the tests of a suite have records of their own: the suite neither threw nor was skipped as a whole. */
const onlyGroups = (error: Error | null, skip: string | boolean | undefined): boolean =>
  error === null ? skip === undefined : onlySubtestsFailed(error);

const onlySubtestsFailed = (error: Error): boolean =>
  'failureType' in error && error.failureType === 'subtestsFailed';

const textOf = (reason: string | boolean): string =>
  typeof reason === 'string' ? reason : 'no reason given';

// eslint-disable-next-line import-x/no-default-export -- node:test loads a reporter's default export
export default async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of source) {
    const line = record(event);
    if (line !== null) yield `${JSON.stringify(line)}\n`;
  }
}
