/** The HTTP/2 conformance tool h2spec, built from its Go module into the cache. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { buildGoTool } from '../support/go-tool.ts';
import type { OutsideTool } from '../support/outside-tool.ts';

const run = promisify(execFile);
const PACKAGE = 'github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible';

/** Path of the tool. */
export const buildH2spec = (): Promise<OutsideTool> => buildGoTool('h2spec', PACKAGE);

export interface H2specResult {
  readonly tests: number;
  readonly passed: number;
  /** Everything it printed, failures last. */
  readonly output: string;
}

/** Runs every case, the strict ones too, against a server on the loopback address. */
export async function runH2spec(path: string, port: number, isTls: boolean): Promise<H2specResult> {
  const target = ['-h', '127.0.0.1', '-p', String(port), ...(isTls ? ['-t', '-k'] : [])];
  const output = await outputOf(path, ['--strict', '-o', '5', ...target]);
  const [, tests = '0', passed = '0'] = /(\d+) tests, (\d+) passed/.exec(output) ?? [];
  return { tests: Number(tests), passed: Number(passed), output };
}

/** It exits with 1 when a case fails, which is a result and no error. */
async function outputOf(path: string, args: readonly string[]): Promise<string> {
  try {
    return (await run(path, [...args], { maxBuffer: 16_777_216 })).stdout;
  } catch (error) {
    if (error instanceof Error && 'stdout' in error && typeof error.stdout === 'string') return error.stdout;
    throw error;
  }
}
