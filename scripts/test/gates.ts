/** The gates: type check, lint, format, dead code. A gate that passed on the very same files is not run again. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

export interface Gate {
  readonly name: string;
  /** A tool of node_modules/.bin and its arguments, or a script of ours. */
  readonly command: readonly string[];
  /** Globs of everything its verdict depends on. */
  readonly inputs: readonly string[];
}

export interface GateResult {
  readonly gate: Gate;
  readonly passed: boolean;
  readonly cached: boolean;
  readonly seconds: number;
  readonly output: string;
}

const SOURCES = ['{src,test,scripts,bench}/**/*.{ts,json}', '*.{js,json}', 'bin/*'];

export const GATES: readonly Gate[] = [
  { name: 'typecheck', command: ['node', 'scripts/typecheck.ts'], inputs: SOURCES },
  { name: 'lint', command: ['eslint', '.', '--max-warnings', '0'], inputs: SOURCES },
  {
    name: 'format',
    command: ['prettier', '--check', '--log-level', 'warn', '.'],
    inputs: [...SOURCES, '**/*.{md,yaml,yml}', '.prettier*'],
  },
  { name: 'dead code', command: ['knip', '--no-progress'], inputs: SOURCES },
];

/** Where verdicts are kept: `SLUICE_CACHE_DIR`, else `.cache` in the repository. */
const cacheFolder = (root: string): string =>
  join(process.env['SLUICE_CACHE_DIR'] ?? join(root, '.cache'), 'passed');

function stampOf(gate: Gate, root: string): string {
  const hash = createHash('sha256').update(JSON.stringify([process.version, gate.command]));
  const files = globSync([...gate.inputs], {
    cwd: root,
    exclude: ['**/node_modules/**', '.cache/**'],
  }).sort();
  for (const file of files) {
    const bytes = readFileSync(join(root, file));
    hash.update(`${file}\0${bytes.length}\0`).update(bytes);
  }
  return join(cacheFolder(root), `${gate.name.replaceAll(' ', '-')}-${hash.digest('hex')}`);
}

export async function runGate(gate: Gate, root: string): Promise<GateResult> {
  const started = performance.now();
  const seconds = (): number => (performance.now() - started) / 1000;
  const stamp = stampOf(gate, root);
  if (existsSync(stamp)) return { gate, passed: true, cached: true, seconds: seconds(), output: '' };

  const [tool = '', ...rest] = gate.command;
  const child = spawn(join(root, 'node_modules', '.bin', tool), rest, {
    cwd: root,
    // The tools are scripts for `node`: the pinned one, however this was started.
    env: { ...process.env, PATH: [dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  const passed = code === 0;
  if (passed) {
    mkdirSync(cacheFolder(root), { recursive: true });
    writeFileSync(stamp, '');
  }
  return { gate, passed, cached: false, seconds: seconds(), output: Buffer.concat(output).toString() };
}
