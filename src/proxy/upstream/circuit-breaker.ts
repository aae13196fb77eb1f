/**
 * Limits of one worker's connections and requests to a cluster. Above a limit, requests are refused at once (`overflow`): a slow backend
 * must not exhaust the gateway. Without limits, it only counts.
 */
import type { CircuitBreaker as CircuitBreakerPolicy } from '../../ir/policy.ts';

/** The limits by their names in metrics. */
export const BREAKER_LIMITS = ['connections', 'pending', 'requests', 'retries'] as const;
export type BreakerLimit = (typeof BREAKER_LIMITS)[number];

/** A pool whose connections count against the limit of its cluster. */
export interface LimitedPool {
  /** Queue position of the longest-waiting request; Infinity if none waits. */
  readonly firstTurn: number;
  /** A connection slot is free: the pool takes it with `reserve`, or leaves it. */
  onPlaceFree(): void;
  /** Gives up an idle connection for another pool; false when it has none. */
  dropIdle(): boolean;
}

export class CircuitBreaker {
  readonly #limits: Readonly<Record<BreakerLimit, number>>;
  /** Open connections, including those being established. */
  connections = 0;
  /** Requests that wait for a connection slot. */
  pending = 0;
  /** Requests in flight, including waiting ones. */
  requests = 0;
  /** Requests whose first attempt has failed. */
  retries = 0;
  readonly overflows: Record<BreakerLimit, number> = { connections: 0, pending: 0, requests: 0, retries: 0 };
  readonly #pools = new Set<LimitedPool>();
  /** Pools that wait for a slot. */
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

  /** Increments `requests` or `retries`; false if the limit is reached. The caller decrements it when it is over. */
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

  /** The next queue position, over all pools. */
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

  /** The pool keeps no idle connections any more. It may still wait for slots. */
  unregister(pool: LimitedPool): void {
    this.#pools.delete(pool);
  }

  /** Reserves a connection slot. Without a free one, `pool` is notified when there is, in order. */
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

  /** True if the slot of an idle connection goes to another pool, whose requests have waited longer. */
  isWantedBefore(pool: LimitedPool): boolean {
    return this.#waiting.size > 0 && this.#nextInLine() !== pool;
  }

  /** A connection was closed. */
  release(): void {
    this.connections--;
    for (let pool = this.#nextInLine(); pool !== null; pool = this.#nextInLine()) {
      if (this.connections >= this.#limits.connections) return;
      this.#waiting.delete(pool);
      pool.onPlaceFree();
    }
  }

  /** The pool with the longest-waiting request; pools that no longer wait are dropped. */
  #nextInLine(): LimitedPool | null {
    let first: LimitedPool | null = null;
    for (const pool of this.#waiting) {
      if (pool.firstTurn === Infinity) this.#waiting.delete(pool);
      else if (first === null || pool.firstTurn < first.firstTurn) first = pool;
    }
    return first;
  }
}
