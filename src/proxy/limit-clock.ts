/** The time of limits: that of the event that is being handled. No timer keeps the process alive. */
import type { LimitClock } from './limits/clock.ts';
import { eventClock, tickEventClock } from './net/event-clock.ts';

export const LIMIT_CLOCK: LimitClock = {
  now: () => eventClock.nowMs,
  after: (delayMs, callback) => {
    setTimeout(() => {
      tickEventClock();
      callback();
    }, delayMs).unref();
  },
  soon: (callback) => {
    setImmediate(callback);
  },
};
