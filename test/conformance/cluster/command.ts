/** Running other programs: one way to run to the end, one way to keep one running in the cluster's namespace. */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { NAMESPACE } from './layout.ts';

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** Runs a program to its end and gives its standard output; throws with its standard error when it fails. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): string {
  return execFileSync(program, [...args], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    input: options.input,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'pipe'],
    maxBuffer: 256 * 1024 * 1024,
  });
}

/** As `run`, without blocking the event loop. */
export function runAsync(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      program,
      [...args],
      {
        cwd: options.cwd,
        env: { ...process.env, ...options.env },
        encoding: 'utf8',
        maxBuffer: 256 * 1024 * 1024,
      },
      (error, stdout, stderr) => {
        if (error) reject(new Error(`${program} ${args.join(' ')}: ${stderr || error.message}`));
        else resolve(stdout);
      },
    );
    // A program that ends without reading says why on its standard error.
    child.stdin?.on('error', () => undefined).end(options.input ?? '');
  });
}

/**
 * The words that put a program into the cluster's network namespace. `nsenter`, not `ip netns exec`: the latter mounts
 * a fresh /sys, which hides the cgroups from the kubelet.
 */
export const inNamespace = (program: string, args: readonly string[]): [string, string[]] => [
  'nsenter',
  [`--net=/run/netns/${NAMESPACE}`, program, ...args],
];

/** Long-running programs of one cluster, found again by their pid files and ended by pid, never by name. */
export class Processes {
  readonly #state: string;

  constructor(state: string) {
    this.#state = state;
    for (const folder of ['run', 'log']) mkdirSync(join(state, folder), { recursive: true });
  }

  start(name: string, program: string, args: readonly string[]): void {
    const log = openSync(join(this.#state, 'log', `${name}.log`), 'w');
    const [entry, words] = inNamespace(program, args);
    const child = spawn(entry, words, { cwd: this.#state, detached: true, stdio: ['ignore', log, log] });
    if (child.pid === undefined) throw new Error(`${name} did not start`);
    child.unref();
    writeFileSync(this.#pidFile(name), String(child.pid));
  }

  pid(name: string): number | null {
    try {
      return Number(readFileSync(this.#pidFile(name), 'utf8'));
    } catch {
      return null;
    }
  }

  /** Asks politely, then insists after five seconds. */
  async stop(name: string): Promise<void> {
    const pid = this.pid(name);
    if (pid === null) return;
    signal(pid, 'SIGTERM');
    for (let tries = 0; tries < 50 && signal(pid, 0); tries += 1) await delay(100);
    signal(pid, 'SIGKILL');
    rmSync(this.#pidFile(name), { force: true });
  }

  #pidFile(name: string): string {
    return join(this.#state, 'run', `${name}.pid`);
  }
}

/** false when no such process is left. */
function signal(pid: number, what: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, what);
    return true;
  } catch {
    return false;
  }
}

/** Tries until `probe` no longer throws; gives up with its last error after `seconds`. */
export async function until<T>(what: string, seconds: number, probe: () => T | Promise<T>): Promise<T> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    try {
      return await probe();
    } catch (error) {
      if (performance.now() > deadline) throw new Error(`${what}: not after ${seconds} s`, { cause: error });
      await delay(200);
    }
  }
}
