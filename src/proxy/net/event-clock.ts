/**
 * The time of the current event, read once when the event starts (a read of a socket, the wake-up of the timer
 * wheel) and then used by everything that it causes. Accurate enough for time limits and durations, at no cost.
 */
export const eventClock = {
  /** Milliseconds, monotonic: of `performance.now()`. */
  nowMs: performance.now(),
};

/** Called at the start of an event. */
export function tickEventClock(): void {
  eventClock.nowMs = performance.now();
}
