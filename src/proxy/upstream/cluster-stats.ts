import type { Origin } from '../../ir/origin.ts';
import type { BreakerLimit } from './circuit-breaker.ts';
import type { CheckOutcome } from './health/health-counters.ts';
import type { EjectionCause } from './health/outlier.ts';

/** An endpoint that gets no requests (except in panic mode). */
export interface EndpointOut {
  /** `address:port`. */
  readonly endpoint: string;
  readonly cause: 'draining' | 'check_pending' | 'check_failing' | EjectionCause;
  /** Result of the last check as text; `` if that is not the cause. */
  readonly detail: string;
  /** How long it has been out; 0 for `draining`. */
  readonly forMs: number;
}

/** An endpoint whose most recent connection attempts failed. */
export interface UnreachableEndpoint {
  /** `address:port`. */
  readonly endpoint: string;
  /** Attempts that failed in a row. */
  readonly failures: number;
  /** How long attempts have been failing. */
  readonly forMs: number;
}

export interface ClusterHealthStats {
  readonly out: readonly EndpointOut[];
  /** Whether active checks run. */
  readonly isChecked: boolean;
  readonly unreachable: readonly UnreachableEndpoint[];
  /** Endpoints (`address:port`) that accepted a connection recently. Empty with active checks, which are more accurate. */
  readonly reachable: readonly string[];
  /** Health is ignored because too few endpoints are healthy. */
  readonly isPanicking: boolean;
  readonly ejections: Readonly<Record<EjectionCause, number>>;
  /** Number of checks, by result. */
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
  /** Requests that wait for a connection slot. */
  readonly pendingRequests: number;
  /** Requests that a circuit breaker limit refused, or whose retry it prevented. */
  readonly overflows: Readonly<Record<BreakerLimit, number>>;
  /** Limits that are reached now. */
  readonly openBreakers: readonly BreakerLimit[];
  /** Retries that the budget did not allow. */
  readonly refusedRetries: number;
}
