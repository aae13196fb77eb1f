/** The time limits of one exchange. They share its one timer entry, which is scheduled for the earliest. */

import type { Timeouts } from '../../ir/policy.ts';

/** Which limit has passed. */
export type Expired = 'request' | 'call' | 'attempt' | 'retry' | 'continue' | 'idle' | 'reply';

/** Why an exchange ends when its overall limit has passed. */
export const REASON_OF = {
  request: 'request_timeout',
  call: 'grpc_timeout',
  idle: 'stream_idle',
} as const;

/** Where no rule sets limits: of an exchange that reached none. */
export const NO_LIMITS = { requestMs: 0, streamIdleMs: 0 } as const;

/** If the backend has not sent 100 by then, the body is sent anyway. */
const CONTINUE_TIMEOUT_MS = 1_000;
/** How long a filter may hold back a response of the gateway itself. */
const REPLY_TIMEOUT_MS = 10_000;
/** The idle limit is checked in this many steps. */
const IDLE_STEPS = 4;

export class Deadlines {
  #requestAt = Infinity;
  /** The client's own deadline. */
  #callAt = Infinity;
  /** Deadline of the current attempt. */
  attemptAt = Infinity;
  /** When the next attempt begins. */
  retryAt = Infinity;
  /** When a held body is sent without a 100. */
  #continueAt = Infinity;
  /** When a reply of the gateway stops waiting for a filter. */
  #replyAt = Infinity;
  #idleAt = Infinity;
  #idleStepMs = 0;
  #silentSteps = 0;
  /** A byte has moved since the last step. */
  #isActive = false;

  /** `callMs`: the client's own limit for its call; 0 = none. */
  constructor(
    { requestMs, streamIdleMs }: Pick<Timeouts, 'requestMs' | 'streamIdleMs'>,
    nowMs: number,
    callMs: number,
  ) {
    if (requestMs > 0) this.#requestAt = nowMs + requestMs;
    if (callMs > 0) this.#callAt = nowMs + callMs;
    this.#watchIdle(nowMs, streamIdleMs);
  }

  /** The body waits for a 100 from now on. */
  holdBody(nowMs: number): void {
    this.#continueAt = nowMs + CONTINUE_TIMEOUT_MS;
  }

  endAttempt(): void {
    this.attemptAt = Infinity;
    this.#continueAt = Infinity;
  }

  /** From now on only `limitMs` without a byte ends the exchange. */
  keepOnlyIdle(nowMs: number, limitMs: number): void {
    this.#requestAt = Infinity;
    this.#callAt = Infinity;
    this.attemptAt = Infinity;
    this.#watchIdle(nowMs, limitMs);
  }

  /**
   * The gateway responds itself, and a filter holds its reply back. The reply is often that to a limit of the request, so those do not
   * end the wait: only a limit of its own does.
   */
  keepOnlyReply(nowMs: number): void {
    this.keepOnlyIdle(nowMs, 0);
    this.retryAt = Infinity;
    this.#continueAt = Infinity;
    if (this.#replyAt === Infinity) this.#replyAt = nowMs + REPLY_TIMEOUT_MS;
  }

  /** `limitMs` without a byte in either direction is too long; 0 = never. */
  #watchIdle(nowMs: number, limitMs: number): void {
    this.#idleStepMs = limitMs / IDLE_STEPS;
    this.#silentSteps = 0;
    this.#idleAt = limitMs > 0 ? nowMs + this.#idleStepMs : Infinity;
  }

  /** A byte has moved. Only a store: the clock is not read. */
  touch(): void {
    this.#isActive = true;
  }

  /** Until the whole exchange must be over; Infinity without a limit. */
  remainingMs(nowMs: number): number {
    return Math.min(this.#requestAt, this.#callAt) - nowMs;
  }

  get next(): number {
    return Math.min(
      this.#requestAt,
      this.#callAt,
      this.attemptAt,
      this.retryAt,
      this.#continueAt,
      this.#replyAt,
      this.#idleAt,
    );
  }

  /** The most serious limit that has passed by now; null when it was only a step of the idle check. */
  expired(nowMs: number): Expired | null {
    if (this.#requestAt <= nowMs) return 'request';
    if (this.#callAt <= nowMs) return 'call';
    if (this.attemptAt <= nowMs) return 'attempt';
    if (this.retryAt <= nowMs) {
      this.retryAt = Infinity;
      return 'retry';
    }
    if (this.#continueAt <= nowMs) {
      this.#continueAt = Infinity;
      return 'continue';
    }
    if (this.#replyAt <= nowMs) {
      this.#replyAt = Infinity;
      return 'reply';
    }
    if (this.#idleAt > nowMs) return null;
    this.#silentSteps = this.#isActive ? 0 : this.#silentSteps + 1;
    this.#isActive = false;
    this.#idleAt = nowMs + this.#idleStepMs;
    return this.#silentSteps >= IDLE_STEPS ? 'idle' : null;
  }
}
