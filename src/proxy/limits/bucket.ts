/** The tokens of one key. */
import type { LimitSpec } from './limit.ts';

/** Sums of fractions that should be whole miss it by less than this. */
const ROUNDING = 1e-6;

/** The limit that a bucket belongs to; its `spec` changes with the configuration. */
export interface BucketLimit {
  readonly spec: LimitSpec;
}

export class Bucket {
  readonly key: string;
  /** Of the ring of a `BucketTable`. */
  older: Bucket = this;
  newer: Bucket = this;
  readonly #limit: BucketLimit;
  /** Tokens that workers hold, used or not. */
  #leased = 0;
  /** Of a limit that refills: tokens at `#atMs`. Below 0 when workers used tokens that they had not been granted. */
  #level: number;
  #atMs: number;

  constructor(key: string, limit: BucketLimit, nowMs: number) {
    this.key = key;
    this.#limit = limit;
    this.#level = limit.spec.capacity;
    this.#atMs = nowMs;
  }

  /** Whole tokens that can be leased. */
  left(nowMs: number): number {
    const { capacity, refillPerMs } = this.#limit.spec;
    if (refillPerMs === 0) return Math.max(0, capacity - this.#leased);
    this.#refill(nowMs);
    return Math.max(0, Math.floor(this.#level + ROUNDING));
  }

  /** Leased tokens still count as in the bucket: otherwise it could fill up beside them, and more than its capacity be used at once. */
  #refill(nowMs: number): void {
    const { capacity, refillPerMs } = this.#limit.spec;
    const gained = Math.max(0, nowMs - this.#atMs) * refillPerMs;
    this.#level = Math.min(capacity - this.#leased, this.#level + gained);
    this.#atMs = nowMs;
  }

  /** `tokens`: at most `left`. */
  lease(tokens: number): void {
    this.#leased += tokens;
    this.#level -= tokens;
  }

  /** `leased` tokens have been used, and `excess` tokens that were never leased. */
  spend(leased: number, excess: number, nowMs: number): void {
    this.#refill(nowMs);
    this.#leased -= leased;
    this.#level = Math.max(-this.#limit.spec.capacity, this.#level - excess);
  }

  /** `tokens` of those leased come back unused. */
  takeBack(tokens: number, nowMs: number): void {
    this.#refill(nowMs);
    this.#leased -= tokens;
    this.#level += tokens;
  }

  /** Until there is a whole token; Infinity where time brings none. */
  untilNext(nowMs: number): number {
    const { refillPerMs } = this.#limit.spec;
    if (refillPerMs === 0) return Infinity;
    this.#refill(nowMs);
    return Math.max(0, (1 - this.#level) / refillPerMs);
  }

  /** It says nothing that a new one would not say. */
  isFull(nowMs: number): boolean {
    const { capacity, refillPerMs } = this.#limit.spec;
    if (this.#leased > 0) return false;
    if (refillPerMs === 0) return true;
    this.#refill(nowMs);
    return this.#level >= capacity - ROUNDING;
  }
}
