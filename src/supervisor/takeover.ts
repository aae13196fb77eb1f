/** One gateway in place of another that runs: both serve for a moment, then the first is asked to finish. */
import { readFileSync } from 'node:fs';
import type { Logger } from '../telemetry/logger.ts';

const POLL_MS = 100;
/** Whether the kernel moves connections that were not yet accepted to another listening socket when theirs closes: 1 = it does. */
const MIGRATION = '/proc/sys/net/ipv4/tcp_migrate_req';

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It belongs to another user and cannot be signaled, but it exists.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function migratesConnections(): boolean {
  try {
    return readFileSync(MIGRATION, 'utf8').trim() === '1';
  } catch {
    // Not Linux, or a kernel before 5.14.
    return false;
  }
}

export class Takeover {
  readonly #pid: number;
  readonly #logger: Logger;
  #isEnded = false;

  constructor(pid: number, logger: Logger) {
    this.#pid = pid;
    this.#logger = logger;
    if (!migratesConnections())
      logger.info(
        'connections that arrive during the handover may be reset; sysctl net.ipv4.tcp_migrate_req=1 avoids this',
      );
  }

  /** Every worker serves: the predecessor accepts nothing new, and exits when its requests in flight are done. */
  ready(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    try {
      process.kill(this.#pid, 'SIGTERM');
      this.#logger.info('took over', { from: this.#pid });
    } catch (error) {
      this.#logger.warn('could not stop the gateway to take over from', {
        pid: this.#pid,
        error: String(error),
      });
    }
  }

  /** Resolves when the predecessor has exited. Does not keep this process alive. */
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
