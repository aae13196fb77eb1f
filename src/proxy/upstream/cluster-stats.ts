import type { Origin } from '../../ir/origin.ts';
import type { BreakerLimit } from './circuit-breaker.ts';
import type { CheckOutcome } from './health/health-counters.ts';
import type { EjectionCause } from './health/outlier.ts';

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
  /** Endpoints (`address:port`) that accepted a connection recently. Empty where active checks run: they know better. */
  readonly reachable: readonly string[];
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
