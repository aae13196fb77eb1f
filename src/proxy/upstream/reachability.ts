/** Whether connections to one endpoint succeed: the only health information without a health check. */

/** Older results are ignored. */
const RECENT_MS = 300_000;

export interface MonotonicClock {
  now(): number;
}

export class Reachability {
  readonly #clock: MonotonicClock;
  /** Since the endpoint was first listed. */
  failures = 0;
  /** Since the last connection that succeeded. */
  failuresInARow = 0;
  /** First of the failures in a row. */
  #failingFromMs = 0;
  #lastFailureMs = -Infinity;
  #lastSuccessMs = -Infinity;

  constructor(clock: MonotonicClock) {
    this.#clock = clock;
  }

  connected(): void {
    this.failuresInARow = 0;
    this.#lastSuccessMs = this.#clock.now();
  }

  failed(): void {
    const nowMs = this.#clock.now();
    if (!this.isFailing(nowMs)) this.#restart(nowMs);
    this.failures++;
    this.failuresInARow++;
    this.#lastFailureMs = nowMs;
  }

  #restart(nowMs: number): void {
    this.failuresInARow = 0;
    this.#failingFromMs = nowMs;
  }

  /** The most recent attempts failed. */
  isFailing(nowMs: number): boolean {
    return this.failuresInARow > 0 && nowMs - this.#lastFailureMs < RECENT_MS;
  }

  /** How long attempts have been failing. */
  failingForMs(nowMs: number): number {
    return nowMs - this.#failingFromMs;
  }

  /** `isInUse`: it has connections, which may be older than what counts as recent. */
  isReachable(isInUse: boolean, nowMs: number): boolean {
    if (this.failuresInARow > 0 || this.#lastSuccessMs === -Infinity) return false;
    return isInUse || nowMs - this.#lastSuccessMs < RECENT_MS;
  }
}
