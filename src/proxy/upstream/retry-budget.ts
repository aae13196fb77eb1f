/**
 * The retry budget of a cluster (GEP-3388): a share of the requests of the last interval, and a minimum rate, so
 * that a cluster with little traffic is retried too. Per worker. An attempt for a request that no backend has seen, or that only replaces a
 * dead connection, does not count: no backend has seen the request twice.
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

  /** Counts the first attempt of a request. */
  countRequest(nowMs: number): void {
    this.#requests.add(nowMs);
  }

  /** True if a retry is allowed; it is then counted. */
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
