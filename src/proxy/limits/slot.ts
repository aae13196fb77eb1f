/** What a worker knows of one bucket: its lease, and whether the ledger has refused more. */
import type { LeasedLimit } from './leased-limit.ts';

/** A request that waits for tokens. */
export interface TokenWaiter {
  /** The ledger has answered: the slot has tokens, or refuses. */
  onAnswer(): void;
}

export class Slot {
  readonly limit: LeasedLimit;
  readonly key: string;
  /** Unused tokens of the lease. */
  free = 0;
  /** Requests in flight that have a token, of the lease or of the worker's own share. */
  inUse = 0;
  /** Of these, tokens of the worker's own share. */
  borrowed = 0;
  /** Tokens used since the last report; of limits that refill. */
  spent = 0;
  /** Tokens that the ledger had left when it last answered. */
  left = 0;
  /** The ledger is not asked before then. */
  refusedUntilMs = -Infinity;
  /** When the bucket has its next token, as far as is known. */
  nextAtMs = -Infinity;
  /** Requests that wait for the ledger's answer, in their order. */
  waiting: TokenWaiter[] = [];
  /** When the ledger was asked for tokens; NaN: no answer is due. */
  askedAtMs = NaN;
  /** Another worker wants tokens: those of requests that end go back at once. */
  isRecalled = false;
  /** Used since the last sweep. */
  isActive = true;
  /** Of a limit that refills: tokens of the worker's own share at `localAtMs`; NaN: the whole share. */
  localLevel = NaN;
  localAtMs = 0;

  constructor(limit: LeasedLimit, key: string) {
    this.limit = limit;
    this.key = key;
  }

  get isAsked(): boolean {
    return !Number.isNaN(this.askedAtMs);
  }

  /** Only such a slot may be forgotten: a new one knows as much. */
  isIdleAt(nowMs: number): boolean {
    return !this.isActive && !this.isAsked && this.inUse === 0 && this.refusedUntilMs <= nowMs;
  }
}
