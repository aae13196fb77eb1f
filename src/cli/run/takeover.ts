/** One gateway in the place of another that runs: both serve for a moment, then the first is asked to finish. */
import type { Logger } from '../../telemetry/logger.ts';

const POLL_MS = 100;

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Of somebody else, whom we may not signal; it is there all the same.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

export class Takeover {
  readonly #pid: number;
  readonly #logger: Logger;
  #isEnded = false;

  constructor(pid: number, logger: Logger) {
    this.#pid = pid;
    this.#logger = logger;
  }

  /** Every worker serves: the predecessor takes nothing new from here on, and ends when what it has in flight is done. */
  ready(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    try {
      process.kill(this.#pid, 'SIGTERM');
      this.#logger.info('took over', { from: this.#pid });
    } catch (error) {
      this.#logger.warn('could not end the gateway that was to be replaced', {
        pid: this.#pid,
        error: String(error),
      });
    }
  }

  /** Resolves when the predecessor is gone. Keeps no process alive. */
  gone(): Promise<void> {
    return new Promise((resolve) => {
      const poll = setInterval(() => {
        if (isRunning(this.#pid)) return;
        clearInterval(poll);
        resolve();
      }, POLL_MS).unref();
    });
  }
}
