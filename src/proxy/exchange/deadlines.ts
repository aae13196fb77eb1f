/** The time limits of one exchange. They share its one timer entry: the earliest is what the wheel is asked for. */

import type { Timeouts } from '../../ir/policy.ts';

/** Which limit has passed. */
export type Expired = 'request' | 'call' | 'try' | 'retry' | 'continue' | 'idle';

/** What the end of a limit on the whole exchange is to its client. */
export const REASON_OF = { request: 'request_timeout', call: 'grpc_timeout', idle: 'stream_idle' } as const;

/** A backend that has not said 100 by then is sent the body all the same. */
const CONTINUE_TIMEOUT_MS = 1_000;
/** Silence is noticed in steps of this part of its limit. */
const IDLE_STEPS = 4;

export class Deadlines {
  #requestAt = Infinity;
  /** The client's own deadline. */
  #callAt = Infinity;
  /** Of the current try. */
  tryAt = Infinity;
  /** When the next try begins. */
  retryAt = Infinity;
  /** When a held body is sent without a 100. */
  #continueAt = Infinity;
  #idleAt = Infinity;
  #idleStepMs = 0;
  #silentSteps = 0;
  /** A byte has moved since the last step. */
  #isActive = false;

  /** `callMs`: what the client gives its call; 0 = as long as it takes. */
  constructor({ requestMs, streamIdleMs }: Timeouts, nowMs: number, callMs: number) {
    if (requestMs > 0) this.#requestAt = nowMs + requestMs;
    if (callMs > 0) this.#callAt = nowMs + callMs;
    this.#watchIdle(nowMs, streamIdleMs);
  }

  /** The body waits for a 100 from now on. */
  holdBody(nowMs: number): void {
    this.#continueAt = nowMs + CONTINUE_TIMEOUT_MS;
  }

  endTry(): void {
    this.tryAt = Infinity;
    this.#continueAt = Infinity;
  }

  /** From here on only silence for `limitMs` ends it. */
  keepOnlyIdle(nowMs: number, limitMs: number): void {
    this.#requestAt = Infinity;
    this.#callAt = Infinity;
    this.tryAt = Infinity;
    this.#watchIdle(nowMs, limitMs);
  }

  /** `limitMs` without a byte in either direction is too long; 0 = never. */
  #watchIdle(nowMs: number, limitMs: number): void {
    this.#idleStepMs = limitMs / IDLE_STEPS;
    this.#silentSteps = 0;
    this.#idleAt = limitMs > 0 ? nowMs + this.#idleStepMs : Infinity;
  }

  /** A byte has moved: a store, and no look at the clock. */
  touch(): void {
    this.#isActive = true;
  }

  /** Until the whole exchange must be over; Infinity without a limit. */
  remainingMs(nowMs: number): number {
    return Math.min(this.#requestAt, this.#callAt) - nowMs;
  }

  get next(): number {
    return Math.min(this.#requestAt, this.#callAt, this.tryAt, this.retryAt, this.#continueAt, this.#idleAt);
  }

  /** What has passed by now, most serious first; null when it was only a step of the watch for silence. */
  expired(nowMs: number): Expired | null {
    if (this.#requestAt <= nowMs) return 'request';
    if (this.#callAt <= nowMs) return 'call';
    if (this.tryAt <= nowMs) return 'try';
    if (this.retryAt <= nowMs) {
      this.retryAt = Infinity;
      return 'retry';
    }
    if (this.#continueAt <= nowMs) {
      this.#continueAt = Infinity;
      return 'continue';
    }
    if (this.#idleAt > nowMs) return null;
    this.#silentSteps = this.#isActive ? 0 : this.#silentSteps + 1;
    this.#isActive = false;
    this.#idleAt = nowMs + this.#idleStepMs;
    return this.#silentSteps >= IDLE_STEPS ? 'idle' : null;
  }
}
