/**
 * Whether a worker still runs its event loop. The supervisor pings each worker on the IPC channel; one that misses several beats in a
 * row is killed and replaced. A worker that is busy is not: a major garbage collection, a large body or a slow disk take it a second or
 * two. While it starts or compiles an update it may take longer, because a large configuration on a throttled core does.
 *
 * Beats are counted, not seconds: a supervisor that was itself stopped (a frozen virtual machine) counts one beat when it goes on.
 */

export interface HeartbeatTimes {
  readonly everyMs: number;
  /** Beats in a row without an answer after which a worker is stuck. */
  readonly missed: number;
  /** The same for one that was starting or taking an update when it fell silent. */
  readonly missedUpdating: number;
}

/** 16 s, or 2 min. */
export const HEARTBEAT: HeartbeatTimes = { everyMs: 2_000, missed: 8, missedUpdating: 60 };

export interface HeartbeatOptions {
  readonly times: HeartbeatTimes;
  readonly ping: (id: number) => void;
  /** Whether the worker starts, or has an update that it has not acknowledged. */
  readonly isUpdating: () => boolean;
}

export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #id = 0;
  #sentAtMs = 0;
  #isAnswered = true;
  #wasUpdating = false;
  /** Beats in a row for which there was no answer. */
  missed = 0;
  /** How long the last answer took; null before the first. */
  roundTripMs: number | null = null;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  /** One beat. True when the worker is stuck. */
  beat(nowMs: number): boolean {
    const { times, ping, isUpdating } = this.#options;
    if (this.#isAnswered) {
      this.#isAnswered = false;
      this.#wasUpdating = isUpdating();
      this.#sentAtMs = nowMs;
      this.#id += 1;
      ping(this.#id);
      return false;
    }
    // An update that came just after the ping may have been read before it.
    if (this.missed === 0) this.#wasUpdating ||= isUpdating();
    this.missed += 1;
    return this.missed >= (this.#wasUpdating ? times.missedUpdating : times.missed);
  }

  /** The worker answered a ping. */
  answered(id: number, nowMs: number): void {
    if (id !== this.#id || this.#isAnswered) return;
    this.#isAnswered = true;
    this.missed = 0;
    this.roundTripMs = nowMs - this.#sentAtMs;
  }
}
