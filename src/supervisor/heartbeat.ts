/**
 * Whether a worker still runs its event loop. The supervisor pings each worker on the IPC channel; one that misses several consecutive
 * beats is killed and replaced. A busy worker is not: a major garbage collection, a large body or a slow disk take a second or
 * two. While it starts or compiles an update it may take longer, because a large configuration on a throttled core does.
 *
 * It counts beats, not seconds: a supervisor that was itself stopped (a frozen virtual machine) counts one beat when it continues.
 */

export interface HeartbeatTimes {
  readonly everyMs: number;
  /** Consecutive beats without a response after which a worker is stuck. */
  readonly missed: number;
  /** The same for a worker that was starting or applying an update. */
  readonly missedUpdating: number;
}

/** 16 s, or 2 min. */
export const HEARTBEAT: HeartbeatTimes = { everyMs: 2_000, missed: 8, missedUpdating: 60 };

export interface HeartbeatOptions {
  readonly times: HeartbeatTimes;
  readonly ping: (id: number) => void;
  /** Whether the worker is starting, or has an unacknowledged update. */
  readonly isUpdating: () => boolean;
}

export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #id = 0;
  #sentAtMs = 0;
  #isAnswered = true;
  #wasUpdating = false;
  /** Consecutive beats without a response. */
  missed = 0;
  /** Duration of the last response; null before the first. */
  roundTripMs: number | null = null;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  /** One beat. True if the worker is stuck. */
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
    // The worker may have read an update before the ping that was sent just before it.
    if (this.missed === 0) this.#wasUpdating ||= isUpdating();
    this.missed += 1;
    return this.missed >= (this.#wasUpdating ? times.missedUpdating : times.missed);
  }

  /** The worker responded to a ping. */
  answered(id: number, nowMs: number): void {
    if (id !== this.#id || this.#isAnswered) return;
    this.#isAnswered = true;
    this.missed = 0;
    this.roundTripMs = nowMs - this.#sentAtMs;
  }
}
