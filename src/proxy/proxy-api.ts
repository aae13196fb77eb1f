/** The data plane as its composition root sees it: types only, so that tests and tools need not load the engines. */
import type { EndpointSet } from '../ir/cluster.ts';
import type { GatewayConfig } from '../ir/gateway-config.ts';
import type { Origin, RuleOrigin } from '../ir/origin.ts';
import type { ReasonCode } from '../ir/reason.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { CheckOutcome } from './cluster/health/health-counters.ts';
import type { EjectionCause } from './cluster/health/outlier.ts';
import type { BreakerLimit } from './cluster/circuit-breaker.ts';
import type { StreamStats } from './l4/stream-counters.ts';
import type { TlsFailure } from './listener/tls-failure.ts';
import type { Targets } from './cluster/target-guard.ts';
import type { Locality } from './cluster/locality.ts';
import type { RetryReason } from './http/retry.ts';
import type { AccessLogSink } from './http/access-record.ts';

export interface ProxyDeps {
  readonly logger: Logger;
  /** null = off. */
  readonly accessLog: AccessLogSink | null;
}

/** A socket address that is about to be bound. */
export interface PortClaim {
  readonly transport: 'tcp' | 'udp';
  /** `` = all addresses. */
  readonly address: string;
  readonly port: number;
  /** As the Gateway states it. */
  readonly listenerPort: number;
}

export interface ProxyOptions {
  /** For Gateways without addresses. `` = all addresses, IPv6 and IPv4. */
  readonly bindAddress: string;
  /** Listener port → port to bind. A mapping to 0 binds any free port (tests). */
  readonly portMap: ReadonlyMap<number, number>;
  /** Share ports with other workers (SO_REUSEPORT). */
  readonly reusePort: boolean;
  /**
   * Asked before a port is bound; resolves with null, or with the reason why it must not be. A shared port is shared with whoever asks
   * for it, unrelated gateways included: only who started the workers can tell. Without it every port may be bound.
   */
  readonly claim?: (claim: PortClaim) => Promise<string | null>;
  /** A port that could not be bound is tried again every second; called, with all ports, when that changes something. */
  readonly onPortsChanged?: (ports: readonly PortResult[]) => void;
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
}

/** What became of one port of one Gateway. */
export interface PortResult {
  readonly gateway: Origin;
  readonly transport: 'tcp' | 'udp';
  /** The listener's port, as users dial it. */
  readonly port: number;
  readonly address: string;
  /** The port that is bound; null when binding failed. */
  readonly boundPort: number | null;
  /** Why binding failed, in words for a condition and a terminal; null when it did not. */
  readonly error: string | null;
}

/** A rule that could not be compiled as it is configured. It answers 500, or its pattern matches nothing; the rest is in force. */
export interface RuleProblem {
  readonly gateway: Origin;
  readonly rule: RuleOrigin;
  readonly message: string;
}

export interface ApplyResult {
  readonly ports: readonly PortResult[];
  readonly problems: readonly RuleProblem[];
}

/** Cumulative histogram: `counts[i]` observations were at most `boundsMs[i]`; the last bound is infinite. */
export interface HistogramSnapshot {
  readonly boundsMs: readonly number[];
  readonly counts: readonly number[];
  readonly sumMs: number;
}

/** Requests by gateway, listener, rule and backend: labels are bounded by configuration. null = none was chosen. */
export interface RequestStats {
  readonly gateway: Origin | null;
  readonly listener: Origin | null;
  readonly rule: RuleOrigin | null;
  readonly backend: Origin | null;
  /** Finished exchanges by status class: index 1 to 5. */
  readonly byClass: readonly number[];
  /** Answers made by the gateway itself. */
  readonly byReason: Readonly<Partial<Record<ReasonCode, number>>>;
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** Tries after the first, by what had become of the try before. */
  readonly retries: Readonly<Partial<Record<RetryReason, number>>>;
  readonly duration: HistogramSnapshot;
}

/** An endpoint that takes no requests, or would take none if its cluster did not panic. */
export interface EndpointOut {
  /** `address:port`. */
  readonly endpoint: string;
  readonly cause: 'draining' | 'check_pending' | 'check_failing' | EjectionCause;
  /** What the last check found, for people; `` when that is not the cause. */
  readonly detail: string;
  /** How long it has been out; 0 for `draining`. */
  readonly forMs: number;
}

export interface ClusterHealthStats {
  readonly out: readonly EndpointOut[];
  /** So few endpoints are healthy that health is ignored. */
  readonly isPanicking: boolean;
  readonly ejections: Readonly<Record<EjectionCause, number>>;
  /** Checks made, by what they found. */
  readonly checks: Readonly<Record<CheckOutcome, number>>;
}

export interface ClusterStats {
  readonly cluster: string;
  readonly origin: Origin;
  readonly endpoints: number;
  readonly connections: number;
  readonly idleConnections: number;
  readonly activeRequests: number;
  readonly connectFailures: number;
  readonly health: ClusterHealthStats;
  /** Requests that wait because no further connection may be made. */
  readonly pendingRequests: number;
  /** Requests that a limit of the circuit breaker had refused, or kept from a retry. */
  readonly overflows: Readonly<Record<BreakerLimit, number>>;
  /** Limits that are reached now. */
  readonly openBreakers: readonly BreakerLimit[];
  /** Retries that the budget did not allow. */
  readonly refusedRetries: number;
}

/** TLS connections of one port. */
export interface TlsStats {
  readonly gateway: Origin;
  readonly port: number;
  /** Completed handshakes, resumed ones included. */
  readonly handshakes: number;
  readonly resumed: number;
  /** Connections handed on by their server name, undecrypted. */
  readonly passedThrough: number;
  readonly failures: Readonly<Partial<Record<TlsFailure, number>>>;
}

export interface ProxyStats {
  readonly requests: readonly RequestStats[];
  readonly clusters: readonly ClusterStats[];
  readonly downstream: {
    readonly openConnections: number;
    readonly acceptedConnections: number;
    readonly activeRequests: number;
  };
  /** Messages refused before a route was looked for, by reason. */
  readonly refused: Readonly<Partial<Record<ReasonCode, number>>>;
  /** Layer-4 connections and flows. */
  readonly streams: readonly StreamStats[];
  readonly tls: readonly TlsStats[];
  /** Mirrored requests: sent, and left out because the mirror was slow or away. */
  readonly mirrors: { readonly sent: number; readonly dropped: number };
}

export interface Proxy {
  /**
   * Puts these configurations, and no others, in force. Atomic: a request sees either the old or the new ones, whole; those in
   * flight finish on the old. Resolves when every port is bound or has failed to. Calls are queued, never overlapping.
   */
  apply(configs: readonly GatewayConfig[]): Promise<ApplyResult>;
  /** Replaces the endpoints of one cluster; pools and state of those that stay are kept. Unknown clusters are remembered. */
  applyEndpoints(set: EndpointSet): void;
  /**
   * Stops accepting, tells clients to go (`Connection: close`), closes idle connections, and resolves when the last exchange is
   * done or `deadlineMs` has passed. Call `stop` afterwards.
   */
  drain(deadlineMs: number): Promise<void>;
  /** Closes every socket and timer now. */
  stop(): Promise<void>;
  stats(): ProxyStats;
}
