/** Runs one test file in its own process and reads the results of its tests. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestRecord } from './event-log-reporter.ts';

/** Under `node --test` a child would report to it instead of to our reporter. */
const ENVIRONMENT = { ...process.env, NODE_TEST_CONTEXT: undefined };
const REPORTER = fileURLToPath(new URL('event-log-reporter.ts', import.meta.url));

export interface FileResult {
  readonly file: string;
  readonly seconds: number;
  readonly tests: readonly TestRecord[];
  /** What the file itself printed; shown when something in it failed. */
  readonly output: string;
}

export interface RunFileOptions {
  readonly root: string;
  /** A file that is not done by then is ended and counted as failed. */
  readonly limitMs: number;
  /** A test that is not done by then has failed, unless it states a `timeout` of its own. */
  readonly testLimitMs: number;
  /** Environment variables besides those of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

const failure = (detail: string): TestRecord => ({
  name: '(the file itself)',
  outcome: 'failed',
  line: null,
  detail,
});

/** Never rejects: whatever goes wrong is a failed record of the result. */
export async function runFile(
  file: string,
  { root, limitMs, testLimitMs, env }: RunFileOptions,
): Promise<FileResult> {
  const started = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'sluice-test-'));
  const log = join(folder, 'events.jsonl');
  const child = spawn(
    process.execPath,
    [
      `--test-reporter=${REPORTER}`,
      `--test-reporter-destination=${log}`,
      `--test-timeout=${testLimitMs}`,
      file,
    ],
    // A group of its own, so that ending a stuck file ends the servers it started, too.
    { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], detached: true, env: { ...ENVIRONMENT, ...env } },
  );
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk));

  let late = false;
  const timer = setTimeout(() => {
    late = true;
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  }, limitMs);
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  clearTimeout(timer);

  const tests = readLog(log);
  rmSync(folder, { recursive: true });
  const problem = problemOf({ late, limitMs, code, signal, tests });
  return {
    file,
    seconds: (performance.now() - started) / 1000,
    tests: problem === null ? tests : [...tests, failure(problem)],
    output: Buffer.concat(output).toString(),
  };
}

function readLog(path: string): TestRecord[] {
  let text = '';
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return []; // The process ended before it had a reporter; its exit code tells.
  }
  const whole = text.split('\n').slice(0, -1);
  return whole.map((line) => JSON.parse(line) as TestRecord);
}

interface Ending {
  readonly late: boolean;
  readonly limitMs: number;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly tests: readonly TestRecord[];
}

/** A failure that no test record reports. */
function problemOf({ late, limitMs, code, signal, tests }: Ending): string | null {
  if (late) {
    return `Still running after ${limitMs / 1000} s: a test hangs, or something was left open after the last one.`;
  }
  if (signal !== null) return `Ended by ${signal}.`;
  if (code !== 0 && !tests.some((test) => test.outcome === 'failed')) return `Exited with code ${code}.`;
  if (tests.length === 0) return 'Holds no test.';
  return null;
}
