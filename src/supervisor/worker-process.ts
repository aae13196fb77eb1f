/** The supervisor's end of one worker process. */
import { spawn, type ChildProcess } from 'node:child_process';
import type { Duplex } from 'node:stream';
import type { AttachedPeer } from '../configsync/server.ts';
import { fileURLToPath } from 'node:url';
import type { PortClaim } from '../proxy/port/port-options.ts';
import type { LeaseReport, LedgerMessage } from '../proxy/limits/limit.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { CredentialRelay } from './credential-relay.ts';
import { Heartbeat, type HeartbeatTimes } from './heartbeat.ts';
import {
  CONFIG_DESCRIPTOR,
  SESSION_SECRET_VARIABLE,
  TICKET_SECRET_VARIABLE,
  type FromWorker,
  type ToWorker,
  type WorkerSettings,
  type WorkerStats,
} from './worker-messages.ts';
import { fromWorker } from './worker-reports.ts';

/** This file is TypeScript in a checkout and JavaScript in a release; so is its neighbor. */
const ENTRY = fileURLToPath(new URL(`./worker${import.meta.url.slice(-3)}`, import.meta.url));

/** A worker that does not respond by then is omitted from this scrape. */
const STATS_TIMEOUT_MS = 1_000;
/** After the drain deadline, a worker gets this long to close the remaining connections. */
const KILL_GRACE_MS = 2_000;
/** A worker without a configuration stream is replaced; it gets this long to drain. */
const UNCONFIGURED_DRAIN_MS = 10_000;
/** An ending process closes its stream first; its exit code says more. */
const EXIT_DELAY_MS = 1_000;

export interface WorkerProcessOptions {
  readonly settings: WorkerSettings;
  readonly logger: Logger;
  /** 32 bytes in hexadecimal, the same for every worker; see `ProxyOptions.ticketSecret`. */
  readonly ticketSecret: string;
  /** In hexadecimal; see `ProxyOptions.sessionSecret`. */
  readonly sessionSecret: string;
  /** Serves configuration on this stream. */
  readonly attach: (stream: Duplex) => AttachedPeer;
  /** See `ProxyOptions.claim`. */
  readonly claim: (claim: PortClaim) => Promise<string | null>;
  /** Reports of the worker to the ledger of limits. */
  readonly onLeases: (reports: readonly LeaseReport[]) => void;
  readonly credentials: CredentialRelay;
  readonly heartbeat: HeartbeatTimes;
}

/**
 * Open connections survive, so V8 grows the young generation to its limit: 48 MiB with Node's default of
 * 16. Half of that costs no measurable CPU time (docs/performance.md).
 */
const YOUNG_SPACE = '--max-semi-space-size=8';

/** Options of this process, with a limit of the young generation unless the user set one. */
function nodeOptions(): readonly string[] {
  const { execArgv, env } = process;
  const isSet = `${execArgv.join(' ')} ${env['NODE_OPTIONS'] ?? ''}`.includes('semi-space-size');
  return isSet ? execArgv : [...execArgv, YOUNG_SPACE];
}

/** Not in the arguments, which a process list shows to every user. */
const environment = ({ ticketSecret, sessionSecret }: WorkerProcessOptions): NodeJS.ProcessEnv => ({
  ...process.env,
  [TICKET_SECRET_VARIABLE]: ticketSecret,
  [SESSION_SECRET_VARIABLE]: sessionSecret,
  // The pod sets these for the supervisor only (infrastructure/kubernetes/pod.ts): a worker often allocates large buffers.
  MALLOC_MMAP_THRESHOLD_: undefined,
  MALLOC_TRIM_THRESHOLD_: undefined,
});

export class WorkerProcess {
  readonly index: number;
  /** Resolves with the reason when it no longer serves and needs a successor. Never rejects. */
  readonly ended: Promise<string>;
  /** Resolves when the process is gone. */
  readonly exited: Promise<void>;
  readonly #child: ChildProcess;
  readonly #logger: Logger;
  readonly #claim: WorkerProcessOptions['claim'];
  readonly #onLeases: WorkerProcessOptions['onLeases'];
  readonly #credentials: CredentialRelay;
  readonly #waiting = new Map<number, (stats: WorkerStats) => void>();
  #nextId = 1;
  #lastStats: WorkerStats | null = null;
  readonly #heartbeat: Heartbeat;
  #peer: AttachedPeer | null = null;
  #isDraining = false;
  #isGone = false;
  #isStuck = false;

  constructor(options: WorkerProcessOptions) {
    const { settings, logger, attach, claim, credentials } = options;
    this.index = settings.index;
    this.#logger = logger;
    this.#claim = claim;
    this.#onLeases = options.onLeases;
    this.#credentials = credentials;
    // 0 standard input, 1 and 2 inherited, 3 Node's channel, 4 the configuration stream.
    this.#child = spawn(process.execPath, [...nodeOptions(), ENTRY, JSON.stringify(settings)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc', 'pipe'],
      env: environment(options),
      // JSON has no infinity, which is the last bound of histograms.
      serialization: 'advanced',
    });
    const { promise: ended, resolve: end } = Promise.withResolvers<string>();
    const { promise: exited, resolve: exit } = Promise.withResolvers<string>();
    this.ended = ended;
    this.exited = exited.then(end);
    this.#heartbeat = new Heartbeat({
      times: options.heartbeat,
      ping: (id) => {
        this.#send({ kind: 'ping', id });
      },
      isUpdating: () => this.#peer?.isUpdating ?? false,
    });
    this.#child.on('message', (message) => {
      this.#take(message, end);
    });
    this.#child.once('error', (error) => {
      this.#isGone = true;
      exit(error.message);
    });
    this.#child.once('exit', (code, signal) => {
      this.#isGone = true;
      exit(signal === null ? `exit code ${String(code ?? 0)}` : signal);
    });
    const tell = (message: ToWorker): void => {
      this.#send(message);
    };
    credentials.attach(tell);
    void this.exited.then(() => {
      credentials.detach(tell);
    });
    const stream = this.#child.stdio[CONFIG_DESCRIPTOR];
    if (stream === null || stream === undefined) return;
    this.#peer = attach(stream as Duplex);
    stream.once('close', () => {
      setTimeout(() => {
        this.#withoutConfiguration(end);
      }, EXIT_DELAY_MS).unref();
    });
  }

  /** One heartbeat: pings the worker, or kills it if it is stuck. True if it is killed. */
  beat(nowMs: number): boolean {
    if (this.#isGone || this.#isStuck || !this.#heartbeat.beat(nowMs)) return false;
    this.#isStuck = true;
    this.#logger.error('worker does not respond, killing it', {
      worker: this.index,
      pid: this.pid ?? null,
      missedHeartbeats: this.#heartbeat.missed,
    });
    this.kill();
    return true;
  }

  /** Duration of the last heartbeat response; null if it has not responded to the newest. */
  get heartbeatMs(): number | null {
    return this.#heartbeat.missed > 0 ? null : this.#heartbeat.roundTripMs;
  }

  /** undefined if the process could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Its last reported numbers; null before the first. */
  get lastStats(): WorkerStats | null {
    return this.#lastStats;
  }

  /** Its current numbers; null if it does not respond in time. */
  stats(): Promise<WorkerStats | null> {
    const id = this.#nextId++;
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        resolve(null);
      }, STATS_TIMEOUT_MS);
      this.#waiting.set(id, (stats) => {
        clearTimeout(timer);
        resolve(stats);
      });
      this.#send({ kind: 'stats', id });
    });
  }

  /** Drains it, until the deadline and a grace period for closing; resolves when it has ended. */
  async drain(deadlineMs: number): Promise<void> {
    this.#isDraining = true;
    this.#send({ kind: 'drain', deadlineMs });
    const timer = setTimeout(() => {
      this.kill();
    }, deadlineMs + KILL_GRACE_MS);
    await this.exited;
    clearTimeout(timer);
  }

  /** Passes on a message of the ledger. */
  sendLeases(message: LedgerMessage): void {
    this.#send({ kind: 'leases', ...message });
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #send(message: ToWorker): void {
    // An ending worker has closed its channel; that is expected.
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  /** No message of a worker may stop the supervisor, or the other workers. */
  #take(message: unknown, end: (reason: string) => void): void {
    let received: FromWorker;
    try {
      received = fromWorker(message);
    } catch (error) {
      this.#logger.error('worker sent an invalid message, killing it', {
        worker: this.index,
        error: String(error),
      });
      this.kill();
      return;
    }
    if (received.kind === 'failed') end(received.error);
    else this.#receive(received);
  }

  /** It violated the protocol of the stream, or did not acknowledge an update in time: it gets no further changes. */
  #withoutConfiguration(end: (reason: string) => void): void {
    if (this.#isGone || this.#isDraining) return;
    end('its configuration stream was closed');
    void this.drain(UNCONFIGURED_DRAIN_MS);
  }

  #receive(message: Exclude<FromWorker, { readonly kind: 'failed' }>): void {
    switch (message.kind) {
      case 'pong':
        this.#heartbeat.answered(message.id, performance.now());
        return;
      case 'stats':
        this.#lastStats = message.stats;
        this.#waiting.get(message.id)?.(message.stats);
        this.#waiting.delete(message.id);
        return;
      case 'drained':
        this.#lastStats = message.stats;
        // It has only to exit; a thread that waits for a slow log must not delay it.
        setTimeout(() => {
          this.kill();
        }, KILL_GRACE_MS).unref();
        return;
      case 'claim':
        void this.#claim(message.claim).then((refusal) => {
          this.#send({ kind: 'claimed', id: message.id, refusal });
        });
        return;
      case 'leases':
        this.#onLeases(message.reports);
        return;
      case 'refetch-key-set':
      case 'check-password':
        void this.#credentials.answer(message, (answer) => {
          this.#send(answer);
        });
        return;
      case 'log':
        this.#logger[message.level](message.message, { worker: this.index, ...message.fields });
    }
  }
}
