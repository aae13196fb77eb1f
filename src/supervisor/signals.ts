/** What signals mean to a running gateway: the first asks it to finish, the next to end. */

/**
 * Ctrl-C reaches the process from the terminal and, when npm started it, a second time from npm: what follows this soon is the same
 * keypress.
 */
const SAME_KEYPRESS_MS = 300;

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

export interface SignalHandlers {
  readonly onFirst: (signal: NodeJS.Signals) => void;
  readonly onSecond: (signal: NodeJS.Signals) => void;
}

/** Until the process ends: without a listener, a late signal would cut its farewell short. */
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
