/**
 * The WebSocket conformance tool of Autobahn, installed from PyPI into the cache. It is written for Python 2.7, and runs on nothing
 * newer.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { missingBecause, missingTool, type OutsideTool } from '../support/outside-tool.ts';

const run = promisify(execFile);
const PACKAGE = 'autobahntestsuite==25.10.1';
const PYTHON = 'python2.7';
/** Where pyenv has it beside others, its command has to be told which is meant; elsewhere this says nothing. */
const VERSION_CHOICE = { PYENV_VERSION: '2.7.18' };
const root = fileURLToPath(new URL('../..', import.meta.url));

/** Where it is installed: a folder of the cache, and nothing outside of it. */
export async function installWstest(): Promise<OutsideTool> {
  const folder = join(process.env['SLUICE_CACHE_DIR'] ?? join(root, '.cache'), 'autobahn');
  const mark = join(folder, 'installed');
  if (existsSync(mark)) return { kind: 'tool', tool: folder };
  if (!(await hasPython())) return missingTool('there is no Python 2.7 with pip to run wstest with');
  mkdirSync(folder, { recursive: true });
  const args = ['-m', 'pip', 'install', '--quiet', '--ignore-installed', '--prefix', folder];
  try {
    await run(PYTHON, [...args, '--disable-pip-version-check', PACKAGE], { env: environment(folder) });
  } catch (error) {
    return missingBecause(PACKAGE, error);
  }
  writeFileSync(mark, PACKAGE);
  return { kind: 'tool', tool: folder };
}

async function hasPython(): Promise<boolean> {
  try {
    await run(PYTHON, ['-m', 'pip', '--version'], { env: { ...VERSION_CHOICE, ...process.env } });
    return true;
  } catch {
    return false;
  }
}

/** Packages of a user, of whom this folder is the home: namespace packages need a real site folder. */
const environment = (folder: string): NodeJS.ProcessEnv => ({
  ...VERSION_CHOICE,
  ...process.env,
  PYTHONUSERBASE: folder,
});

/** What a case says of a server: `OK`, `NON-STRICT`, `INFORMATIONAL`, `FAILED`, … of the messages, and of the close. */
export interface Verdict {
  readonly behavior: string;
  readonly behaviorClose: string;
}

/** Verdicts by case. */
export type Verdicts = ReadonlyMap<string, Verdict>;

export interface WstestRun {
  /** Ports of the loopback address by name. */
  readonly servers: Readonly<Record<string, number>>;
  /** Patterns such as `1.*`. */
  readonly cases: readonly string[];
  readonly exclude: readonly string[];
}

/** Runs the cases against each server; the result is by name of server. */
export async function runWstest(folder: string, wanted: WstestRun): Promise<ReadonlyMap<string, Verdicts>> {
  const work = mkdtempSync(join(tmpdir(), 'sluice-autobahn-'));
  try {
    const spec = join(work, 'spec.json');
    const servers = Object.entries(wanted.servers).map(([agent, port]) => ({
      agent,
      url: `ws://127.0.0.1:${String(port)}`,
    }));
    const { cases, exclude } = wanted;
    writeFileSync(spec, JSON.stringify({ outdir: work, servers, cases, 'exclude-cases': exclude }));
    const args = ['-m', 'autobahntestsuite.wstest', '-m', 'fuzzingclient', '-s', spec];
    await run(PYTHON, args, { env: environment(folder), maxBuffer: 16_777_216 });
    const index = JSON.parse(readFileSync(join(work, 'index.json'), 'utf8')) as Record<
      string,
      Record<string, Verdict>
    >;
    return new Map(
      Object.entries(index).map(([agent, verdicts]) => [agent, new Map(Object.entries(verdicts))]),
    );
  } finally {
    rmSync(work, { recursive: true });
  }
}
