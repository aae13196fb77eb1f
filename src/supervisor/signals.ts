/** The signals of a running gateway: the first one drains, the next one stops at once. */

/**
 * Ctrl-C reaches the process from the terminal and, when npm started it, a second time from npm: a signal within this time is the same
 * keypress.
 */
const SAME_KEYPRESS_MS = 300;

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

export interface SignalHandlers {
  readonly onFirst: (signal: NodeJS.Signals) => void;
  readonly onSecond: (signal: NodeJS.Signals) => void;
}

/** Until the process ends: without a listener, a late signal would interrupt the shutdown. */
export function listenForSignals({ onFirst, onSecond }: SignalHandlers): void {
  let firstAtMs: number | null = null;
  const receive = (signal: NodeJS.Signals): void => {
    const nowMs = performance.now();
    if (firstAtMs === null) {
      firstAtMs = nowMs;
      onFirst(signal);
    } else if (signal === 'SIGTERM' || nowMs - firstAtMs > SAME_KEYPRESS_MS) onSecond(signal);
  };
  for (const signal of SIGNALS) process.on(signal, receive);
}
