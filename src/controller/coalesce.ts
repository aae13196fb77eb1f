/** Coalesces requests: a run starts after the last of them. */

export interface Coalescer {
  /** Requests a run within `delayMs`; an earlier pending run also counts. Requests during a run cause one more. */
  request(delayMs?: number): void;
  /** No run starts after this. */
  stop(): void;
}

export function coalesce(run: () => void): Coalescer {
  let timer: NodeJS.Timeout | null = null;
  let dueMs = Infinity;
  let isStopped = false;
  const fire = (): void => {
    timer = null;
    dueMs = Infinity;
    run();
  };
  return {
    request(delayMs = 0) {
      const wantedMs = performance.now() + delayMs;
      if (isStopped || wantedMs >= dueMs) return;
      if (timer !== null) clearTimeout(timer);
      dueMs = wantedMs;
      timer = setTimeout(fire, delayMs);
    },
    stop() {
      isStopped = true;
      if (timer !== null) clearTimeout(timer);
    },
  };
}
