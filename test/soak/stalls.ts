/** When this process got no CPU: what was waiting then was late whatever the gateway did. */

/** On the clock of `performance.timeOrigin + performance.now()`, which processes share. */
export interface Stall {
  readonly fromMs: number;
  readonly toMs: number;
}

const BEAT_MS = 20;
/** Later than this, and a good part of the time for a try (600 ms to 1 s) was spent on waiting for the machine. */
const STALL_MS = 200;

export const sharedNow = (): number => performance.timeOrigin + performance.now();

/** Reports each stall of this process once it is over. The timer does not keep the process alive. */
export function watchStalls(onStall: (stall: Stall) => void): NodeJS.Timeout {
  let lastMs = sharedNow();
  const beat = (): void => {
    const nowMs = sharedNow();
    if (nowMs - lastMs > STALL_MS) onStall({ fromMs: lastMs, toMs: nowMs });
    lastMs = nowMs;
  };
  return setInterval(beat, BEAT_MS).unref();
}
