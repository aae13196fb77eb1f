/**
 * The control side of a running gateway: provider → controller → configuration stream → workers, and acknowledgments back. It serves
 * nothing itself: the workers continue regardless of it.
 */
import type { StatusReport } from '../admin/status-report.ts';
import { GatewayView } from '../admin/view/view.ts';
import { servingOf } from '../configsync/fleet.ts';
import { createConfigServer, type ConfigServer } from '../configsync/server.ts';
import {
  boundAddresses,
  observeDataPlane,
  observeEach,
  type ObservedAddress,
} from '../controller/observations.ts';
import { reconcileTrouble } from '../controller/reconcile-health.ts';
import { createReconcileLoop, type Reconciled, type ReconcileLoop } from '../controller/reconcile-loop.ts';
import { dataPlaneOf } from '../ir/data-plane-id.ts';
import type { LocatingProvider } from '../provider/file/file-provider.ts';
import type { RequestStats } from '../proxy/exchange/request-stats.ts';
import type { Provider } from '../provider/provider.ts';
import type { CountedRow } from '../admin/retired-stats.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { MetricFamily } from '../telemetry/metric-registry.ts';
import type { Observations } from '../translator/observations.ts';
import { Translator } from '../translator/translate.ts';
import type { TranslateOptions } from '../translator/types.ts';
import { whyNothingIsBound } from './nothing-bound.ts';
import { reachableAddresses } from './addresses.ts';
import { listenerPortOf } from './bound-listener-ports.ts';
import { CredentialRelay } from './credential-relay.ts';
import { PortClaims } from './port-claims.ts';
import { proxyMetrics } from '../admin/proxy-metrics.ts';
import type { DataPlaneProxies } from '../admin/view/inputs.ts';
import type { ProcessReport } from '../admin/view/status.ts';
import { supervisorMetrics } from './supervisor-metrics.ts';
import type { WorkerSettings } from './worker-messages.ts';
import { createWorkerPool, type WorkerPool } from './worker-pool.ts';

export interface SupervisorOptions {
  readonly provider: Provider;
  readonly locate: LocatingProvider['locate'];
  readonly translateOptions: TranslateOptions;
  readonly workers: number;
  readonly workerSettings: Omit<WorkerSettings, 'index' | 'workers'>;
  /** See `WorkerPoolOptions.sessionSecret`. */
  readonly sessionSecret: Buffer | undefined;
  readonly version: string;
  readonly logger: Logger;
  /** The resources changed; the new configuration is not active yet. */
  readonly onInput: () => void;
  /** Called with the new report after every reconciliation and every acknowledgment. */
  readonly onChange: (report: StatusReport, reconciled: Reconciled) => void;
}

/** Calls `onChange` for each snapshot before it is passed on. */
function announcing(provider: Provider, onInput: () => void): Provider {
  return {
    start: ({ onFindings, onSnapshot }) =>
      provider.start({
        onFindings,
        onSnapshot(snapshot) {
          onInput();
          onSnapshot(snapshot);
        },
      }),
    writeStatus: (updates) => {
      provider.writeStatus(updates);
    },
    close: () => provider.close(),
  };
}

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #server: ConfigServer;
  readonly #loop: ReconcileLoop;
  readonly #pool: WorkerPool;
  readonly #claims: PortClaims;
  readonly #credentials: CredentialRelay;
  /** The read model of what this gateway serves. */
  readonly view: GatewayView;
  readonly #startedAt = new Date().toISOString();
  /** True once every worker has served a configuration; replacing a worker does not change that. */
  #wasReady = false;
  #isDraining = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    const { logger, workers, workerSettings } = options;
    this.#credentials = new CredentialRelay(logger);
    this.#server = createConfigServer({
      logger,
      onPublish: (configs) => {
        this.#pool.configure(configs);
        this.#credentials.follow(configs);
      },
      onPeerChange: () => {
        this.#acknowledged();
      },
    });
    const addresses = reachableAddresses(workerSettings.bindAddress);
    const translator = new Translator(options.translateOptions);
    this.#loop = createReconcileLoop({
      provider: announcing(options.provider, options.onInput),
      server: this.#server,
      logger,
      observe: () => this.#observe(addresses),
      translate: (snapshot, observations) => translator.translate(snapshot, observations),
      onReconciled: (reconciled) => {
        this.#reconciledTo(reconciled);
      },
    });
    this.view = new GatewayView({
      process: () => this.#processReport(),
      stats: async () => (await this.#pool.stats()).workers.map(({ stats }) => stats.proxy),
      locate: options.locate,
      now: () => Date.now(),
      logger,
    });
    this.#claims = new PortClaims(new Map(workerSettings.portMap), logger);
    this.#pool = createWorkerPool({
      count: workers,
      settings: workerSettings,
      logger,
      attach: (stream) => this.#server.attach(stream),
      claim: (claim) => this.#claims.claim(claim),
      credentials: this.#credentials,
      isConfigured: (row) => this.#isConfigured(row),
      sessionSecret: options.sessionSecret,
    });
  }

  /** Workers start while the files are read. Rejects if there is nothing to read. */
  async start(): Promise<void> {
    this.#pool.start();
    await this.#loop.start();
  }

  get configs(): ConfigServer['configs'] {
    return this.#server.configs;
  }

  /** The listener's port for one that is bound; see `listenerPortOf`. */
  listenerPort(dialled: number): number {
    return listenerPortOf(
      dialled,
      this.#server.peers.flatMap(({ ports }) => ports),
    );
  }

  get workerPids(): readonly number[] {
    return this.#pool.pids;
  }

  /** null while workers respond, otherwise the problem: only a restart helps. */
  unhealthy(): string | null {
    return this.#pool.unhealthy();
  }

  /** null if ready, otherwise the reason. */
  notReady(): string | null {
    if (this.#isDraining) return 'draining';
    const trouble = reconcileTrouble(this.#loop.health);
    if (trouble !== null) return trouble;
    if (this.#wasReady) return whyNothingIsBound(this.#server.peers);
    const waiting = this.#options.workers - this.#servingSince(1);
    return `waiting for ${String(waiting)} of ${String(this.#options.workers)} workers to apply their configuration`;
  }

  #processReport(): ProcessReport {
    const { version, workers } = this.#options;
    const notReady = this.notReady();
    return {
      version,
      startedAt: this.#startedAt,
      ready: notReady === null,
      notReady,
      reconciling: this.#loop.health,
      workers: {
        expected: workers,
        serving: this.#servingSince(this.#server.revision),
        restarts: this.#pool.restarts,
        pids: this.#pool.pids,
      },
    };
  }

  /** Request counters of all workers. */
  async requestStats(): Promise<readonly RequestStats[]> {
    const { proxies } = await this.#pool.stats();
    return proxies.flatMap(({ requests }) => requests);
  }

  async metrics(): Promise<readonly MetricFamily[]> {
    const stats = await this.#pool.stats();
    return [...proxyMetrics(stats.proxies), ...supervisorMetrics(stats, this.view.status)];
  }

  /** Stops reconciling and accepting, lets exchanges finish until the deadline; resolves when all workers have ended. */
  async drain(deadlineMs: number): Promise<void> {
    this.#isDraining = true;
    this.#loop.stop();
    await this.#pool.drain(deadlineMs);
    this.#server.close();
    await this.#credentials.close();
    // Last, because the provider owns the echo backends of requests in flight.
    await this.#options.provider.close();
  }

  /** Ends every worker now. */
  kill(): void {
    this.#isDraining = true;
    this.#pool.kill();
  }

  #observe(defaultAddresses: readonly ObservedAddress[]): Observations {
    const { configs, peers } = this.#server;
    const ports = peers.flatMap((peer) => peer.ports);
    const dataPlanes = observeEach(configs, this.#options.logger, (config) =>
      observeDataPlane({
        config,
        proxies: peers.map((peer) => servingOf(peer, config.dataPlane)),
        expected: this.#options.workers,
        addresses: config.addresses.length === 0 ? defaultAddresses : boundAddresses(config, ports),
      }),
    );
    return { dataPlanes };
  }

  #servingSince(revision: number): number {
    const wanted = Math.max(1, revision);
    return this.#server.peers.filter(({ acknowledged }) => acknowledged >= wanted).length;
  }

  #acknowledged(): void {
    if (this.#isServedByAll) this.#wasReady = true;
    this.#loop.observationsChanged();
  }

  #reconciledTo(reconciled: Reconciled): void {
    this.#claims.keepConfigured(this.#server.configs);
    this.view.update({
      reconciled,
      proxies: this.#proxies(),
      isServedByAll: this.#isServedByAll,
    });
    this.#options.onChange(this.view.status, reconciled);
  }

  get #isServedByAll(): boolean {
    const { revision } = this.#server;
    return revision > 0 && this.#servingSince(revision) >= this.#options.workers;
  }

  /** Every worker serves every data plane. */
  #proxies(): readonly DataPlaneProxies[] {
    const { configs, peers } = this.#server;
    return configs.map(({ dataPlane }) => ({
      dataPlane,
      expected: this.#options.workers,
      proxies: peers.map((peer) => servingOf(peer, dataPlane)),
    }));
  }

  /** Rows of removed rules are dropped; rows without a rule stay as long as their data plane. */
  #isConfigured({ gateway, rule }: CountedRow): boolean {
    if (gateway === null) return true;
    const config = this.#server.configs.find(({ dataPlane }) => dataPlane === dataPlaneOf(gateway));
    if (config === undefined) return false;
    return (
      rule === null ||
      config.rules.some(
        ({ origin }) =>
          origin.kind === rule.kind &&
          origin.namespace === rule.namespace &&
          origin.name === rule.name &&
          origin.index === rule.index,
      )
    );
  }
}
