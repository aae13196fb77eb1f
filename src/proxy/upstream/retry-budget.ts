/**
 * How much of a cluster's load may be retries (GEP-3388): a part of the requests of the last interval, and a few at all times, so
 * that a cluster with little traffic is retried too. Of each worker. What no backend has seen, and a try that only replaces a
 * dead connection, is no retry in this sense: no backend has seen the request twice.
 */
import type { RetryBudget as RetryBudgetPolicy } from '../../ir/policy.ts';
import { SlidingCount } from './sliding-count.ts';

export class RetryBudget {
  readonly #policy: RetryBudgetPolicy;
  readonly #requests: SlidingCount;
  readonly #retries: SlidingCount;
  /** Retries again, over the interval of the least rate. */
  readonly #recentRetries: SlidingCount;
  /** Retries that were refused. */
  exhausted = 0;

  constructor(policy: RetryBudgetPolicy) {
    this.#policy = policy;
    this.#requests = new SlidingCount(policy.intervalMs);
    this.#retries = new SlidingCount(policy.intervalMs);
    this.#recentRetries = new SlidingCount(policy.minRetryIntervalMs);
  }

  /** A request has come, whose first try this is. */
  countRequest(nowMs: number): void {
    this.#requests.add(nowMs);
  }

  /** True: a retry may be made, and is counted. */
  take(nowMs: number): boolean {
    const { percent, minRetryCount } = this.#policy;
    const allowed = (this.#requests.atMost(nowMs) * percent) / 100;
    const isWithin =
      this.#retries.atLeast(nowMs) + 1 <= allowed || this.#recentRetries.atLeast(nowMs) < minRetryCount;
    if (!isWithin) {
      this.exhausted++;
      return false;
    }
    this.#retries.add(nowMs);
    this.#recentRetries.add(nowMs);
    return true;
  }
}
