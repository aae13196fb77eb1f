/** The API of the data plane: types only, so that tests and tools need not load the engines. */
import type { CredentialServices } from '../credentials/credential-services.ts';
import type { EndpointSet } from '../ir/cluster.ts';
import type { GatewayConfig } from '../ir/gateway-config.ts';
import type { ReasonCode } from '../ir/reason.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { ExchangeObserver } from './exchange/exchange-observer.ts';
import type { PolicyRefusalStats } from './exchange/policy-refusals.ts';
import type { RequestStats } from './exchange/request-stats.ts';
import type { FilterTable } from './filter/filter-table.ts';
import type { LedgerConnection } from './limits/connection.ts';
import type { StreamStats } from './l4/stream-counters.ts';
import type { PortOptions, PortResult } from './port/port-options.ts';
import type { TlsStats } from './port/tls-stats.ts';
import type { RuleProblem } from './runtime/rule-problem.ts';
import type { ClusterStats } from './upstream/cluster-stats.ts';
import type { Locality } from './upstream/locality.ts';
import type { Targets } from './upstream/target-guard.ts';

export interface ProxyDeps {
  readonly logger: Logger;
  /** See every exchange, in this order, after the proxy's own metrics. */
  readonly observers: readonly ExchangeObserver[];
  /** Kinds of filters that rules may have; default: those of Sluice. */
  readonly filters?: FilterTable;
}

export interface ProxyOptions extends PortOptions {
  /** Where the proxy runs, for endpoints near it; absent = not known. */
  readonly locality?: Locality;
  /** Where backends may be; absent = anywhere. */
  readonly targets?: Targets;
  /**
   * At least 32 secret bytes, the same in every worker: keys of TLS session tickets are derived from it. Without it sessions are
   * resumed at the worker that made them, for as long as it lives.
   */
  readonly ticketSecret?: Buffer;
  /**
   * At least 32 secret bytes, the same in every worker and in every proxy of a Gateway: session tokens (GEP-1619) are keyed with it.
   * Without it sessions last as long as this proxy.
   */
  readonly sessionSecret?: Buffer;
  /** The ledger of limits, which all workers share. Without it the proxy has its own. */
  readonly ledger?: LedgerConnection;
  /** Who fetches key sets and checks passwords, for all workers; absent: this process does. */
  readonly credentials?: CredentialServices;
}

export interface ApplyResult {
  readonly ports: readonly PortResult[];
  readonly problems: readonly RuleProblem[];
}

export interface ProxyStats {
  readonly requests: readonly RequestStats[];
  readonly clusters: readonly ClusterStats[];
  readonly downstream: {
    readonly openConnections: number;
    readonly acceptedConnections: number;
    readonly activeRequests: number;
  };
  /** Messages rejected before routing, by reason. */
  readonly refused: Readonly<Partial<Record<ReasonCode, number>>>;
  /** What policies refused, or would refuse in mode Audit. */
  readonly policyRefusals: readonly PolicyRefusalStats[];
  /** Layer-4 connections and flows. */
  readonly streams: readonly StreamStats[];
  readonly tls: readonly TlsStats[];
  /** Mirrored requests: sent, and dropped because the mirror was slow or unavailable. */
  readonly mirrors: { readonly sent: number; readonly dropped: number };
}

export interface Proxy {
  /**
   * Serves these configurations, and no others. Atomic: a request sees either the old or the new ones, whole; those in
   * flight finish on the old. Resolves when every port is bound or has failed to. Calls are queued, never overlapping.
   */
  apply(configs: readonly GatewayConfig[]): Promise<ApplyResult>;
  /** Replaces the endpoints of one cluster; pools and state of remaining ones are kept. Endpoints of unknown clusters are stored. */
  applyEndpoints(set: EndpointSet): void;
  /**
   * Stops accepting, asks clients to disconnect (`Connection: close`, GOAWAY), closes idle connections, and resolves when the last exchange is
   * done or `deadlineMs` has passed. Call `stop` afterwards.
   */
  drain(deadlineMs: number): Promise<void>;
  /** Closes every socket and timer now. */
  stop(): Promise<void>;
  stats(): ProxyStats;
}
