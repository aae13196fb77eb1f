/** Keeps the configured number of workers running. */
import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { AttachedPeer } from '../configsync/server.ts';
import type { GatewayConfig } from '../ir/gateway-config.ts';
import type { LimitUsage } from '../proxy/limits/ledger.ts';
import { LedgerService } from '../proxy/limits/ledger-service.ts';
import type { PortClaim } from '../proxy/port/port-options.ts';
import type { ProxyStats } from '../proxy/proxy-api.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { CredentialRelay } from './credential-relay.ts';
import { HEARTBEAT, type HeartbeatTimes } from './heartbeat.ts';
import { RetiredStats, type CountedRow } from '../admin/retired-stats.ts';
import { LEDGER_CLOCK } from './ledger-clock.ts';
import type { WorkerSettings, WorkerStats } from './worker-messages.ts';
import { WorkerProcess } from './worker-process.ts';

export interface WorkerPoolOptions {
  readonly count: number;
  readonly settings: Omit<WorkerSettings, 'index' | 'workers'>;
  readonly attach: (stream: Duplex) => AttachedPeer;
  /** See `ProxyOptions.claim`. */
  readonly claim: (claim: PortClaim) => Promise<string | null>;
  /** Fetches key sets and checks passwords for the workers. */
  readonly credentials: CredentialRelay;
  /** Whether the object of a row is still configured; otherwise rows of ended workers are dropped. */
  readonly isConfigured: (row: CountedRow) => boolean;
  /** Keys the sessions of clients (see `ProxyOptions.sessionSecret`); without it they last as long as this process. */
  readonly sessionSecret?: Buffer | undefined;
  readonly logger: Logger;
  /** `HEARTBEAT` when absent. */
  readonly heartbeat?: HeartbeatTimes;
}

/** Counters of all workers, including ended ones, so that no counter decreases. */
export interface PoolStats {
  readonly proxies: readonly ProxyStats[];
  /** Of running workers that responded. */
  readonly workers: readonly {
    readonly index: number;
    readonly stats: WorkerStats;
    /** Duration of the last heartbeat response; null before the first. */
    readonly heartbeatMs: number | null;
  }[];
  readonly restarts: number;
  /** The limits of the configuration, and the keys that the ledger has. */
  readonly limits: readonly LimitUsage[];
  /** Restarts of workers that were killed because they did not respond. */
  readonly stuck: number;
  readonly accessLogDropped: number;
}

export interface WorkerPool {
  start(): void;
  stats(): Promise<PoolStats>;
  /** The workers are about to get these configurations: their limits apply. */
  configure(configs: readonly GatewayConfig[]): void;
  /** So many proxies share the limits of their Gateway, this one included. */
  shareAmong(proxies: number): void;
  /** Workers that ended and were replaced. */
  readonly restarts: number;
  /** null if any worker responds, or may be busy with its configuration; otherwise the problem, for `/healthz`. */
  unhealthy(): string | null;
  /** Process ids of running workers, by index from 1. */
  readonly pids: readonly number[];
  /** Resolves when every worker has drained, or the deadline has passed. From now on no worker is replaced. */
  drain(deadlineMs: number): Promise<void>;
  /** Ends them now. */
  kill(): void;
}

/** A worker that ran this long was healthy: its successor starts at once. */
const SOUND_AFTER_MS = 5_000;
const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 5_000;

export function createWorkerPool(options: WorkerPoolOptions): WorkerPool {
  return new RestartingPool(options);
}

class RestartingPool implements WorkerPool {
  readonly #options: WorkerPoolOptions;
  /** One for all workers and their successors: a client can resume its TLS session at any worker. */
  readonly #ticketSecret = randomBytes(32).toString('hex');
  readonly #sessionSecret: string;
  /** Those that serve, by index. */
  readonly #workers = new Map<number, WorkerProcess>();
  /** Every process, including those that drain. */
  readonly #living = new Set<WorkerProcess>();
  readonly #ledger: LedgerService;
  /** Workers by the number that the ledger knows them by; a successor has another. */
  readonly #byNumber = new Map<number, WorkerProcess>();
  #started = 0;
  readonly #retired = new RetiredStats();
  #retiredDropped = 0;
  readonly #retries = new Set<NodeJS.Timeout>();
  readonly #heartbeat: HeartbeatTimes;
  #beats: NodeJS.Timeout | null = null;
  /** Consecutive beats without a response from any worker. */
  #silentBeats = 0;
  restarts = 0;
  #stuck = 0;
  #isEnding = false;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.#ledger = new LedgerService({
      workers: Math.max(1, options.count),
      clock: LEDGER_CLOCK,
      send: (number, message) => {
        this.#byNumber.get(number)?.sendLeases(message);
      },
    });
    this.#heartbeat = options.heartbeat ?? HEARTBEAT;
    this.#sessionSecret = (options.sessionSecret ?? randomBytes(32)).toString('hex');
  }

  start(): void {
    this.#beats = setInterval(() => {
      this.#beat();
    }, this.#heartbeat.everyMs).unref();
    for (let index = 1; index <= this.#options.count; index++) this.#start(index, 0);
  }

  configure(configs: readonly GatewayConfig[]): void {
    this.#ledger.configure(configs);
  }

  shareAmong(proxies: number): void {
    this.#ledger.shareAmong(proxies);
  }

  async stats(): Promise<PoolStats> {
    const asked = [...this.#workers.values()].map(async (worker) => {
      const stats = await worker.stats();
      return stats === null ? [] : [{ index: worker.index, stats, heartbeatMs: worker.heartbeatMs }];
    });
    const workers = (await Promise.all(asked)).flat();
    // A worker that did not respond counts with its last numbers, or the sums would decrease.
    const latest = [...this.#living].flatMap(({ lastStats }) => lastStats ?? []);
    this.#retired.prune(this.#options.isConfigured);
    return {
      proxies: [this.#retired.snapshot(), ...latest.map(({ proxy }) => proxy)],
      workers,
      restarts: this.restarts,
      limits: this.#ledger.usage,
      stuck: this.#stuck,
      accessLogDropped: latest.reduce((sum, stats) => sum + stats.accessLogDropped, this.#retiredDropped),
    };
  }

  unhealthy(): string | null {
    const { everyMs, missed, missedUpdating } = this.#heartbeat;
    // A supervisor that could not replace killed workers in that time will not recover.
    if (this.#silentBeats < missedUpdating + missed) return null;
    return `no worker has responded for ${String(Math.round((this.#silentBeats * everyMs) / 1000))} s`;
  }

  get pids(): readonly number[] {
    const living = [...this.#workers.values()].toSorted((a, b) => a.index - b.index);
    return living.flatMap(({ pid }) => pid ?? []);
  }

  async drain(deadlineMs: number): Promise<void> {
    this.#end();
    await Promise.all([...this.#living].map((worker) => worker.drain(deadlineMs)));
  }

  kill(): void {
    this.#end();
    for (const worker of this.#living) worker.kill();
  }

  #beat(): void {
    const nowMs = performance.now();
    for (const worker of this.#workers.values()) if (worker.beat(nowMs)) this.#stuck += 1;
    const isAnyAnswering = [...this.#workers.values()].some(({ heartbeatMs }) => heartbeatMs !== null);
    this.#silentBeats = isAnyAnswering ? 0 : this.#silentBeats + 1;
  }

  #end(): void {
    this.#isEnding = true;
    if (this.#beats !== null) clearInterval(this.#beats);
    this.#silentBeats = 0;
    for (const timer of this.#retries) clearTimeout(timer);
    this.#retries.clear();
  }

  /** `waitedMs`: backoff before this start; 0 for a first start or after a healthy worker. */
  #start(index: number, waitedMs: number): void {
    const { count, settings, attach, claim, credentials, logger } = this.#options;
    const number = ++this.#started;
    const startedMs = performance.now();
    const worker = new WorkerProcess({
      settings: { ...settings, index, workers: count },
      logger,
      ticketSecret: this.#ticketSecret,
      sessionSecret: this.#sessionSecret,
      attach,
      claim,
      onLeases: (reports) => {
        this.#ledger.receive(number, reports);
      },
      credentials,
      heartbeat: this.#heartbeat,
    });
    this.#byNumber.set(number, worker);
    this.#workers.set(index, worker);
    this.#living.add(worker);
    void worker.exited.then(() => {
      this.#living.delete(worker);
      this.#byNumber.delete(number);
      this.#ledger.workerEnded(number);
      this.#retire(worker.lastStats);
    });
    void worker.ended.then((reason) => {
      this.#workers.delete(index);
      if (this.#isEnding) return;
      this.restarts += 1;
      const wasSound = performance.now() - startedMs >= SOUND_AFTER_MS;
      const waitMs = wasSound ? 0 : Math.min(LAST_RETRY_MS, Math.max(FIRST_RETRY_MS, waitedMs * 2));
      logger.error('worker ended, starting another', { worker: index, reason, waitMs });
      const timer = setTimeout(() => {
        this.#retries.delete(timer);
        this.#start(index, waitMs);
      }, waitMs);
      this.#retries.add(timer);
    });
  }

  #retire(stats: WorkerStats | null): void {
    if (stats === null) return;
    this.#retired.add(stats.proxy);
    this.#retiredDropped += stats.accessLogDropped;
  }
}
