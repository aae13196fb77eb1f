/**
 * What the ledger of a proxy and the leases of its workers share. A **limit** gives every **key** a **bucket** of **tokens**; a request needs
 * one token of each of its limits. The ledger has the buckets, and leases tokens to the workers.
 */

import type { Origin } from '../../ir/origin.ts';

/** Unique within a proxy. */
export type LimitId = string;

export interface LimitSpec {
  readonly id: LimitId;
  /** Tokens of a full bucket. */
  readonly capacity: number;
  /** Tokens that a bucket gains in a millisecond; 0: requests keep their tokens, and return them when they end. */
  readonly refillPerMs: number;
  /** Buckets that the ledger keeps; the one that was used longest ago makes room for a new one. */
  readonly maxKeys: number;
  /** The limit is for all proxies of a Gateway together. */
  readonly isShared: boolean;
  /** What a limit is of, for metrics. */
  readonly labels: LimitLabels;
}

export interface LimitLabels {
  readonly gateway: Origin;
  readonly policy: Origin;
  readonly limit: string;
}

/** From a worker to the ledger, about one bucket. */
export interface LeaseReport {
  readonly limit: LimitId;
  readonly key: string;
  /** Requests that wait for a token; 0: the report wants no answer. */
  readonly wanted: number;
  /** Tokens used since the last report; of limits that refill. */
  readonly spent: number;
  /** Tokens that the worker gives back. */
  readonly returned: number;
  /** The report answers a recall: the worker keeps no unused token. */
  readonly answersRecall: boolean;
}

/** From the ledger to a worker: the answer to a report that wants tokens. */
export interface LeaseGrant {
  readonly limit: LimitId;
  readonly key: string;
  /** 0: refused. */
  readonly granted: number;
  /** Tokens that are left in the bucket. */
  readonly left: number;
  /** Where less than wanted was granted: after how long there is a token again, or may be. */
  readonly retryMs: number;
  /** `LimitSpec.capacity` as the ledger enforces it. */
  readonly capacity: number;
}

/** From the ledger to a worker: another worker has none left, so unused tokens of this bucket are to come back. */
export interface LeaseRecall {
  readonly limit: LimitId;
  readonly key: string;
}

/** To one worker. */
export interface LedgerMessage {
  readonly grants: readonly LeaseGrant[];
  readonly recalls: readonly LeaseRecall[];
}

/** Reports in one message. */
export const MAX_REPORTS = 1_000;
/** Longest key; longer ones are hashed before they get here. */
export const MAX_KEY_LENGTH = 256;
