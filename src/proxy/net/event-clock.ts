/**
 * The time of the event that is being handled, read once where the event enters (a read of a socket, the wake-up of the timer
 * wheel) and then used by everything that it causes. Exact enough for time limits and durations, and free.
 */
export const eventClock = {
  /** Milliseconds, monotonic: of `performance.now()`. */
  nowMs: performance.now(),
};

/** Called where an event enters. */
export function tickEventClock(): void {
  eventClock.nowMs = performance.now();
}
