/** What `npm test` prints: failures in full, what was skipped and why, a table per suite, the counts last. */
import type { GateResult } from './gates.ts';
import type { FileResult } from './run-file.ts';

export interface SuiteResult {
  readonly name: string;
  readonly files: readonly FileResult[];
  /** Wall time from the start of its first file to the end of its last. */
  readonly seconds: number;
}

/** Of what a failed file printed, the last lines are shown. */
const PRINTED_LINES = 120;

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

function countOf(files: readonly FileResult[]): Counts {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  for (const { outcome } of files.flatMap((file) => file.tests)) {
    // A todo is work that is not done: it counts as skipped, never as passed.
    counts[outcome === 'todo' ? 'skipped' : outcome] += 1;
  }
  return counts;
}

const indent = (text: string): string => text.replaceAll(/^(?=.)/gmu, '    ');

export function describeGate({ gate, passed, cached, seconds, output }: GateResult): string {
  const verdict = passed ? 'passed' : 'FAILED';
  const note = cached ? ' (same files as when it last passed)' : '';
  const head = `${gate.name}: ${verdict} in ${seconds.toFixed(1)} s${note}`;
  return passed ? head : `${head}\n${indent(output.trimEnd())}`;
}

/** Empty when nothing in the file failed. */
export function describeFailures(result: FileResult): string {
  const failed = result.tests.filter((test) => test.outcome === 'failed');
  if (failed.length === 0) return '';
  const parts = failed.map(({ name, line, detail }) => {
    const place = line === null ? result.file : `${result.file}:${line}`;
    return `FAILED ${place}: ${name}\n${indent(detail)}`;
  });
  const printed = result.output.trim();
  if (printed !== '')
    parts.push(`It printed:\n${indent(printed.split('\n').slice(-PRINTED_LINES).join('\n'))}`);
  return parts.join('\n');
}

function describeSkipped(suites: readonly SuiteResult[]): string {
  const lines = suites
    .flatMap((suite) => suite.files)
    .flatMap(({ file, tests }) =>
      tests
        .filter(({ outcome }) => outcome === 'skipped' || outcome === 'todo')
        .map(({ outcome, name, detail }) => `  ${outcome} ${file}: ${name} (${detail})`),
    );
  return lines.length === 0 ? '' : `Skipped:\n${lines.join('\n')}\n\n`;
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const cell = (text: string, column: number): string =>
    column === 0 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0);
  return rows.map((row) => row.map(cell).join('  ')).join('\n');
}

/** The whole closing report; its last line is `N passed, N failed[, N skipped]`. Each gate counts as one test. */
export function summarize(
  gates: readonly GateResult[],
  suites: readonly SuiteResult[],
): { text: string; failed: number } {
  const total: Counts = { passed: 0, failed: 0, skipped: 0 };
  const rows: string[][] = [['suite', 'passed', 'failed', 'skipped', 'seconds']];
  const add = (name: string, counts: Counts, seconds: number): void => {
    total.passed += counts.passed;
    total.failed += counts.failed;
    total.skipped += counts.skipped;
    rows.push([name, `${counts.passed}`, `${counts.failed}`, `${counts.skipped}`, seconds.toFixed(1)]);
  };
  for (const { gate, passed, seconds } of gates) {
    add(gate.name, { passed: passed ? 1 : 0, failed: passed ? 0 : 1, skipped: 0 }, seconds);
  }
  for (const suite of suites) add(suite.name, countOf(suite.files), suite.seconds);

  const skipped = total.skipped === 0 ? '' : `, ${total.skipped} skipped`;
  const counts = `${total.passed} passed, ${total.failed} failed${skipped}`;
  return { text: `${describeSkipped(suites)}${table(rows)}\n\n${counts}\n`, failed: total.failed };
}
