/** The data plane: applies configurations, drains and stops. */
import { randomBytes } from 'node:crypto';
import { createCredentialServices, type CredentialServices } from '../credentials/credential-services.ts';
import { KeySets } from '../credentials/key-sets.ts';
import type { Cluster, EndpointSet } from '../ir/cluster.ts';
import type { GatewayConfig } from '../ir/gateway-config.ts';
import type { ReasonCode } from '../ir/reason.ts';
import type { Logger } from '../telemetry/logger.ts';
import { BoundPorts } from './port/bound-ports.ts';
import { ClusterRegistry } from './upstream/cluster-registry.ts';
import { SessionTokens } from './upstream/session-tokens.ts';
import { Http1Protocol } from './upstream/pool-h1.ts';
import { Http2Protocol } from './upstream/pool-h2.ts';
import { clusterStats } from './upstream/stats.ts';
import type { UpstreamProtocol } from './upstream/upstream-pool.ts';
import type { ExchangeContext } from './exchange/exchange-context.ts';
import { combineObservers } from './exchange/exchange-observer.ts';
import { LIMIT_CLOCK } from './limit-clock.ts';
import { OwnLedger, type LedgerConnection } from './limits/connection.ts';
import { Leases } from './limits/leases.ts';
import { RefusalRegistry } from './exchange/policy-refusals.ts';
import { requestMetrics } from './exchange/request-metrics.ts';
import type { FilterTable } from './filter/filter-table.ts';
import { FILTERS } from './filter/filters.ts';
import { Http1Server } from './h1/http1-server.ts';
import { CounterRegistry, RequestCounters } from './exchange/request-counters.ts';
import type { ApplyResult, Proxy, ProxyDeps, ProxyOptions, ProxyStats } from './proxy-api.ts';
import { compileRegex } from './router/regex.ts';
import { TlsTerminator } from './net/tls-terminator.ts';
import { StreamCounterRegistry } from './l4/stream-counters.ts';
import { BadPatterns } from './runtime/bad-patterns.ts';
import { compileRuntime, EMPTY_RUNTIME, type Runtime } from './runtime/runtime.ts';
import { TimerWheel } from './net/timer-wheel.ts';

/** Interval of attempts to bind a failed port. */
const BIND_RETRY_MS = 1_000;

export function createProxy(deps: ProxyDeps, options: ProxyOptions): Proxy {
  return new DataPlane(deps, options);
}

class DataPlane implements Proxy {
  readonly #options: ProxyOptions;
  readonly #logger: Logger;
  readonly #filters: FilterTable;
  readonly #wheel = new TimerWheel();
  readonly #counters = new CounterRegistry();
  readonly #refusals = new RefusalRegistry();
  readonly #ledger: LedgerConnection;
  readonly #leases: Leases;
  readonly #streamCounters = new StreamCounterRegistry();
  readonly #context: ExchangeContext;
  readonly #clusters: ClusterRegistry;
  readonly #ports: BoundPorts;
  readonly #patterns = new BadPatterns(compileRegex);
  readonly #keySets: KeySets;
  readonly #services: CredentialServices;
  #runtime: Runtime = EMPTY_RUNTIME;
  /** Calls of `apply` run one after the other. */
  #applying: Promise<unknown> = Promise.resolve();
  #bindRetry: NodeJS.Timeout | null = null;

  constructor({ logger, observers, filters = FILTERS }: ProxyDeps, options: ProxyOptions) {
    this.#options = options;
    this.#logger = logger;
    this.#filters = filters;
    const ledger = options.ledger ?? new OwnLedger(LIMIT_CLOCK);
    const leases = new Leases({
      workers: ledger.workers,
      clock: LIMIT_CLOCK,
      send: (reports) => {
        ledger.send(reports);
      },
    });
    ledger.listen((message) => {
      leases.receive(message);
    });
    this.#ledger = ledger;
    this.#leases = leases;
    this.#context = {
      wheel: this.#wheel,
      observer: combineObservers(requestMetrics, observers),
      unrouted: new RequestCounters({ gateway: null, listener: null, rule: null, backend: null }),
      mirrors: { sent: 0, dropped: 0 },
      sessions: new SessionTokens(options.sessionSecret ?? randomBytes(32)),
      activeRequests: 0,
      timeOriginMs: performance.timeOrigin,
    };
    this.#services = options.credentials ?? createCredentialServices(logger);
    this.#keySets = new KeySets(this.#services.keySets);
    this.#clusters = new ClusterRegistry({
      logger,
      protocolOf: (cluster) => this.#protocolOf(cluster),
      wheel: this.#wheel,
      ...(options.locality === undefined ? {} : { locality: options.locality }),
      ...(options.targets === undefined ? {} : { targets: options.targets }),
    });
    this.#ports = new BoundPorts(
      options,
      {
        context: this.#context,
        http1: new Http1Server(),
        logger,
        terminator: new TlsTerminator(options.ticketSecret ?? randomBytes(32)),
      },
      logger,
    );
  }

  #protocolOf(cluster: Cluster): UpstreamProtocol {
    return cluster.protocol === 'h2'
      ? new Http2Protocol(cluster.policy, this.#wheel)
      : new Http1Protocol(cluster.policy.connection, this.#wheel);
  }

  async apply(configs: readonly GatewayConfig[]): Promise<ApplyResult> {
    const result = this.#applying.then(() => this.#apply(configs));
    this.#applying = result.catch(() => undefined);
    return result;
  }

  async #apply(configs: readonly GatewayConfig[]): Promise<ApplyResult> {
    this.#ledger.configure?.(configs);
    this.#clusters.beginUpdate();
    this.#counters.beginUpdate();
    this.#refusals.beginUpdate();
    this.#streamCounters.beginUpdate();
    for (const config of configs) for (const set of config.endpoints) this.#clusters.setEndpoints(set);
    this.#keySets.update(configs.flatMap(({ keySets = [] }) => keySets));
    const runtime = compileRuntime(
      { configs, defaultAddress: this.#options.bindAddress, before: this.#runtime },
      {
        clusters: this.#clusters,
        counters: this.#counters,
        refusals: this.#refusals,
        leases: this.#leases,
        streamCounters: this.#streamCounters,
        filters: this.#filters,
        keySets: this.#keySets,
        passwords: this.#services.passwords,
        regex: this.#patterns.compile,
      },
    );
    await this.#clusters.resolved();
    await this.#ports.update(runtime);
    this.#runtime = runtime;
    this.#clusters.endUpdate();
    this.#counters.endUpdate();
    this.#refusals.endUpdate();
    this.#streamCounters.endUpdate();
    this.#retryFailedPorts();
    const problems = [
      ...[...runtime.gateways.values()].flatMap((compiler) => compiler.problems),
      ...this.#patterns.problemsOf(configs),
    ];
    for (const { rule, message } of problems) {
      const name = `${rule.kind} ${rule.namespace}/${rule.name} rule ${String(rule.index)}`;
      this.#logger.error('a rule cannot be served', { rule: name, problem: message });
    }
    return { ports: this.#ports.results(runtime), problems };
  }

  /** Serialized with `apply`: only one of them binds at a time. */
  #retryFailedPorts(): void {
    if (this.#bindRetry !== null || !this.#ports.hasFailed) return;
    this.#bindRetry = setTimeout(() => {
      this.#bindRetry = null;
      this.#applying = this.#applying.then(async () => {
        const isChanged = await this.#ports.retry(this.#runtime);
        if (isChanged) this.#options.onPortsChanged?.(this.#ports.results(this.#runtime));
        this.#retryFailedPorts();
      });
    }, BIND_RETRY_MS).unref();
  }

  #stopRetrying(): void {
    if (this.#bindRetry !== null) clearTimeout(this.#bindRetry);
    this.#bindRetry = null;
  }

  applyEndpoints(set: EndpointSet): void {
    this.#clusters.setEndpoints(set);
  }

  async drain(deadlineMs: number): Promise<void> {
    await this.#applying;
    this.#stopRetrying();
    await this.#ports.drain(deadlineMs);
  }

  async stop(): Promise<void> {
    await this.#applying;
    this.#stopRetrying();
    await this.#ports.stop();
    this.#clusters.destroy();
    this.#wheel.stop();
    await this.#services.close();
  }

  stats(): ProxyStats {
    const registries = this.#ports.servers.map(({ connections }) => connections);
    const sum = (count: (registry: (typeof registries)[number]) => number): number =>
      registries.reduce((total, registry) => total + count(registry), 0);
    const refused: Partial<Record<ReasonCode, number>> = {};
    for (const { refusals } of registries) {
      for (const [reason, count] of refusals) refused[reason] = (refused[reason] ?? 0) + count;
    }
    const { unrouted, activeRequests, mirrors } = this.#context;
    return {
      requests: [...this.#counters.snapshot(), ...(unrouted.isUsed ? [unrouted.snapshot()] : [])],
      clusters: this.#clusters.clusters.map((cluster) => clusterStats(cluster, this.#wheel.now())),
      downstream: {
        openConnections: sum(({ openConnections }) => openConnections),
        acceptedConnections: sum(({ acceptedConnections }) => acceptedConnections),
        activeRequests,
      },
      refused,
      policyRefusals: this.#refusals.snapshot(),
      streams: this.#streamCounters.snapshot(),
      tls: this.#ports.tlsStats(),
      mirrors: { ...mirrors },
    };
  }
}
