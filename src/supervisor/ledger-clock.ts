/** The time of the ledger. No timer keeps the process alive. */
import type { LimitClock } from '../proxy/limits/clock.ts';

export const LEDGER_CLOCK: LimitClock = {
  now: () => performance.now(),
  after: (delayMs, callback) => {
    setTimeout(callback, delayMs).unref();
  },
  soon: (callback) => {
    setImmediate(callback);
  },
};
