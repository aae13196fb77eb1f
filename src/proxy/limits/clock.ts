/** Time for limits: a worker's, or a test's. */
export interface LimitClock {
  /** Milliseconds, monotonic. */
  now(): number;
  /** Calls once, after at least `delayMs`. */
  after(delayMs: number, callback: () => void): void;
  /** Calls once what is at hand is done. */
  soon(callback: () => void): void;
}
