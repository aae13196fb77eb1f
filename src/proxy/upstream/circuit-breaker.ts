/**
 * Limits on what one worker has in hand toward a cluster. What is beyond a limit is refused at once (`overflow`): a backend that is
 * slow must not collect all the work of the gateway. Unlimited unless configured; then there is nothing but counting.
 */
import type { CircuitBreaker as CircuitBreakerPolicy } from '../../ir/policy.ts';

/** The limits by their names in metrics. */
export const BREAKER_LIMITS = ['connections', 'pending', 'requests', 'retries'] as const;
export type BreakerLimit = (typeof BREAKER_LIMITS)[number];

/** A pool whose connections count against the limit of its cluster. */
export interface LimitedPool {
  /** Turn of the request that has waited longest; Infinity when none waits. */
  readonly firstTurn: number;
  /** A place for a connection that the pool waited for is free: it takes it with `reserve`, or leaves it. */
  onPlaceFree(): void;
  /** Gives up an idle connection for another pool; false when it has none. */
  dropIdle(): boolean;
}

export class CircuitBreaker {
  readonly #limits: Readonly<Record<BreakerLimit, number>>;
  /** Open connections, and those being made. */
  connections = 0;
  /** Requests that wait for a connection which is not being made for them. */
  pending = 0;
  /** Requests in hand, those that wait included. */
  requests = 0;
  /** Requests whose first attempt has failed. */
  retries = 0;
  readonly overflows: Record<BreakerLimit, number> = { connections: 0, pending: 0, requests: 0, retries: 0 };
  readonly #pools = new Set<LimitedPool>();
  /** Pools that want a place. */
  readonly #waiting = new Set<LimitedPool>();
  #turns = 0;

  constructor(policy: CircuitBreakerPolicy) {
    this.#limits = {
      connections: policy.maxConnections ?? Infinity,
      pending: policy.maxPendingRequests ?? Infinity,
      requests: policy.maxParallelRequests ?? Infinity,
      retries: policy.maxParallelRetries ?? Infinity,
    };
  }

  /** The limits that are reached now. */
  get open(): readonly BreakerLimit[] {
    return BREAKER_LIMITS.filter((limit) => this[limit] >= this.#limits[limit]);
  }

  /** Counts one more of `requests` or `retries`; false when that would be too many. The caller takes it back when it is over. */
  admit(limit: 'requests' | 'retries'): boolean {
    if (this[limit] >= this.#limits[limit]) {
      this.overflows[limit]++;
      return false;
    }
    this[limit]++;
    return true;
  }

  /** True when one more request may wait for a connection. The pool keeps `pending`. */
  mayWait(): boolean {
    if (this.pending < this.#limits.pending && this.#limits.connections > 0) return true;
    this.overflows.pending++;
    return false;
  }

  /** A place in the line of those that wait, over all pools. */
  nextTurn(): number {
    return this.#turns++;
  }

  // --- connections ---

  get isFull(): boolean {
    return this.connections >= this.#limits.connections;
  }

  register(pool: LimitedPool): void {
    this.#pools.add(pool);
  }

  /** The pool keeps no idle connections any more. It may still wait for places. */
  unregister(pool: LimitedPool): void {
    this.#pools.delete(pool);
  }

  /** A place for a connection that is to be made. Without one, `pool` is told when there is, in its turn. */
  reserve(pool: LimitedPool): boolean {
    if (this.connections < this.#limits.connections) {
      this.connections++;
      this.#waiting.delete(pool);
      return true;
    }
    if (!this.#waiting.has(pool)) {
      this.#waiting.add(pool);
      for (const other of this.#pools) if (other !== pool && other.dropIdle()) break;
    }
    return false;
  }

  /** True when the place of a connection that has become idle belongs to another pool: its requests have waited longer. */
  isWantedBefore(pool: LimitedPool): boolean {
    return this.#waiting.size > 0 && this.#nextInLine() !== pool;
  }

  /** A connection is gone. */
  release(): void {
    this.connections--;
    for (let pool = this.#nextInLine(); pool !== null; pool = this.#nextInLine()) {
      if (this.connections >= this.#limits.connections) return;
      this.#waiting.delete(pool);
      pool.onPlaceFree();
    }
  }

  /** The pool whose request has waited longest; those that no longer wait are forgotten. */
  #nextInLine(): LimitedPool | null {
    let first: LimitedPool | null = null;
    for (const pool of this.#waiting) {
      if (pool.firstTurn === Infinity) this.#waiting.delete(pool);
      else if (first === null || pool.firstTurn < first.firstTurn) first = pool;
    }
    return first;
  }
}
