/** Reads the result of each conformance test from `go test -v`. */
import { readFileSync } from 'node:fs';

export interface ConformanceResult {
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly seconds: number;
  /** What the test and its parts printed. */
  readonly output: string;
}

const OUTCOMES = { PASS: 'passed', FAIL: 'failed', SKIP: 'skipped' } as const;
/** Matches the suite's tests but not their subtests, which are indented. */
const VERDICT = /^ {4}--- (PASS|FAIL|SKIP): TestConformance\/([^/\s]+) \(([\d.]+)s\)$/;
/** Output after this line is of the test it names. */
const OWNER = /^=== (?:RUN|NAME|CONT|PAUSE)\s+TestConformance\/([^/\s]+)/;

/** The binary holds the tests of the mesh profiles as well, which a run of the gateway profiles passes over. */
const isOfMesh = ({ name, outcome }: ConformanceResult): boolean =>
  outcome === 'skipped' && name.startsWith('Mesh');

/** Of the gateway profiles' tests, in order of their ends. Tests that had no end are not in it. */
export function readResults(logFile: string): readonly ConformanceResult[] {
  const lines = readFileSync(logFile, 'utf8').split('\n');
  const output = new Map<string, string[]>();
  let owner = '';
  for (const line of lines) {
    owner = OWNER.exec(line)?.[1] ?? owner;
    const known = output.get(owner);
    if (known === undefined) output.set(owner, [line]);
    else known.push(line);
  }
  return lines.flatMap((line) => {
    const [, verdict, name, seconds] = VERDICT.exec(line) ?? [];
    if (name === undefined) return [];
    return [
      {
        name,
        outcome: OUTCOMES[verdict as keyof typeof OUTCOMES],
        seconds: Number(seconds),
        output: (output.get(name) ?? []).join('\n'),
      },
    ].filter((result) => !isOfMesh(result));
  });
}

export function countResults(results: readonly ConformanceResult[]): string {
  const count = (outcome: ConformanceResult['outcome']): number =>
    results.filter((result) => result.outcome === outcome).length;
  return `conformance: ${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`;
}
