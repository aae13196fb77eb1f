/**
 * The real `sluice run`, as a user starts it, for end-to-end tests: on free ports, ready when `startSluice` resolves, and gone after
 * `stop`.
 *
 *   const sluice = await startSluice({ paths: ['examples/quickstart'], args: ['--echo'] });
 *   t.after(() => sluice.stop());
 *   await fetch(sluice.url(80, '/cart'), { headers: { host: 'shop.example' } });   // see http-client.ts: fetch sends no Host
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import type { StatusAnswer } from '../../src/admin/status-report.ts';

export const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
export const SLUICE = join(REPOSITORY, 'bin', 'sluice');

export interface SluiceOptions {
  /** As on the command line; relative ones from the root of the repository. */
  readonly paths: readonly string[];
  /** More arguments. The harness adds `--admin` and `--map` for every listener port in `paths`. */
  readonly args?: readonly string[];
  /** Listener ports that will only be named later; each gets a free port to bind. */
  readonly ports?: readonly number[];
  /** One is enough for most tests, and quickest. */
  readonly workers?: number;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface SluiceProcess {
  readonly pid: number;
  /** `http://127.0.0.1:PORT`. */
  readonly admin: string;
  /** The port that is bound for a listener's port, as the last status said. Throws when there is none. */
  port(listenerPort: number): number;
  /** A URL of a listener's port on the loopback address. */
  url(listenerPort: number, path?: string): string;
  status(): Promise<StatusAnswer>;
  /** Asks for the status until it is as wanted; rejects, with the last one, when it never is. */
  until(wanted: (status: StatusAnswer) => boolean): Promise<StatusAnswer>;
  /** `until`, and every worker serves what this status shows: the status changes before the workers do. */
  untilServed(wanted: (status: StatusAnswer) => boolean): Promise<StatusAnswer>;
  /** Everything printed so far, by both streams. */
  output(): { readonly stdout: string; readonly stderr: string };
  /** Resolves when the pattern has been printed on either stream. */
  printed(pattern: RegExp): Promise<void>;
  kill(signal: NodeJS.Signals): void;
  readonly exited: Promise<Exit>;
  /** SIGTERM, then its exit; may be called again. */
  stop(): Promise<Exit>;
}

const READY_TIMEOUT_MS = 20_000;
const UNTIL_TIMEOUT_MS = 15_000;
const POLL_MS = 20;
const ADMIN = /admin API on (http:\/\/\S+)/;
/** A gateway that does not end by then fails its test rather than the whole run. */
const STOP_TIMEOUT_MS = 40_000;

export async function startSluice(options: SluiceOptions): Promise<SluiceProcess> {
  const { paths, args = [], ports = [], workers = 1, env = {} } = options;
  const maps = [...new Set([...listenerPorts(paths), ...ports])].map((port) => `--map=${String(port)}=0`);
  const fixed = ['--admin', '127.0.0.1:0', '--workers', String(workers), '--bind', '127.0.0.1', ...maps];
  const child = spawn(process.execPath, [SLUICE, 'run', ...paths, ...fixed, ...args], {
    cwd: REPOSITORY,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const running = new RunningSluice(child);
  try {
    await running.ready();
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  return running;
}

/** Runs any command with exactly these arguments, and waits for nothing. */
export function spawnSluice(args: readonly string[], cwd = REPOSITORY): SluiceProcess {
  return new RunningSluice(
    spawn(process.execPath, [SLUICE, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] }),
  );
}

class RunningSluice implements SluiceProcess {
  readonly #child: ChildProcess;
  readonly exited: Promise<Exit>;
  #stdout = '';
  #stderr = '';
  #watchers: (() => void)[] = [];
  #status: StatusAnswer | null = null;
  admin = '';

  constructor(child: ChildProcess) {
    this.#child = child;
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        resolve({ code, signal });
      });
    });
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
      this.#wake();
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
      this.#wake();
    });
    void this.exited.then(() => {
      this.#wake();
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async ready(): Promise<void> {
    await this.printed(ADMIN);
    this.admin = ADMIN.exec(this.#stdout + this.#stderr)?.[1] ?? '';
    await this.until(({ workers }) => workers.serving >= workers.expected);
  }

  port(listenerPort: number): number {
    const listeners = (this.#status?.gateways ?? []).flatMap((gateway) => gateway.listeners);
    const bound = listeners.filter(({ port }) => port === listenerPort).flatMap((listener) => listener.bound);
    const [socket] = bound;
    if (socket === undefined) throw new Error(`nothing is bound for port ${String(listenerPort)}`);
    return socket.port;
  }

  url(listenerPort: number, path = '/'): string {
    return `http://127.0.0.1:${String(this.port(listenerPort))}${path}`;
  }

  async status(): Promise<StatusAnswer> {
    const response = await fetch(`${this.admin}/status`);
    this.#status = (await response.json()) as StatusAnswer;
    return this.#status;
  }

  async until(wanted: (status: StatusAnswer) => boolean): Promise<StatusAnswer> {
    const deadlineMs = performance.now() + UNTIL_TIMEOUT_MS;
    for (;;) {
      const status = await this.status();
      if (wanted(status)) return status;
      if (performance.now() > deadlineMs) {
        const last = JSON.stringify(status, null, 1);
        throw new Error(`the status never came to be as wanted; the last one:\n${last}\n${this.#stderr}`);
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  async untilServed(wanted: (status: StatusAnswer) => boolean): Promise<StatusAnswer> {
    return this.until((status) => wanted(status) && status.workers.serving >= status.workers.expected);
  }

  output(): { readonly stdout: string; readonly stderr: string } {
    return { stdout: this.#stdout, stderr: this.#stderr };
  }

  async printed(pattern: RegExp): Promise<void> {
    const deadlineMs = performance.now() + READY_TIMEOUT_MS;
    while (!pattern.test(this.#stdout) && !pattern.test(this.#stderr)) {
      const { exitCode, signalCode } = this.#child;
      if (exitCode !== null || signalCode !== null || performance.now() > deadlineMs) {
        this.kill('SIGKILL');
        throw new Error(`sluice never printed ${String(pattern)}:\n${this.#stdout}\n${this.#stderr}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, deadlineMs - performance.now());
        this.#watchers.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async stop(): Promise<Exit> {
    this.kill('SIGTERM');
    const timer = setTimeout(() => {
      this.kill('SIGKILL');
    }, STOP_TIMEOUT_MS);
    const exit = await this.exited;
    clearTimeout(timer);
    return exit;
  }

  #wake(): void {
    const watchers = this.#watchers;
    this.#watchers = [];
    for (const watcher of watchers) watcher();
  }
}

interface MaybeGateway {
  readonly kind?: string;
  /** Of a List. */
  readonly items?: readonly (MaybeGateway | null)[];
  readonly spec?: { readonly listeners?: readonly { readonly port?: number }[] };
}

/** Ports of all listeners in the manifests, so that each can be bound elsewhere. */
function listenerPorts(paths: readonly string[]): number[] {
  const files = paths.flatMap((path) => manifestFiles(join(REPOSITORY, path), path));
  return files.flatMap((file) =>
    parseAllDocuments(readFileSync(file, 'utf8')).flatMap((document) =>
      portsOf(document.toJS() as MaybeGateway | null),
    ),
  );
}

function portsOf(value: MaybeGateway | null): number[] {
  if (value?.kind === 'List') return (value.items ?? []).flatMap(portsOf);
  const isGateway = value?.kind === 'Gateway' || value?.kind === 'ListenerSet';
  return isGateway ? (value.spec?.listeners ?? []).flatMap(({ port }) => port ?? []) : [];
}

function manifestFiles(fromRoot: string, path: string): string[] {
  const start = path.startsWith('/') ? path : fromRoot;
  if (!statSync(start).isDirectory()) return [start];
  return readdirSync(start, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ya?ml|json)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}
