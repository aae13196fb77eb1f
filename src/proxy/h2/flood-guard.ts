/**
 * Bounds what a peer may make us do for nothing (RFC 9113 section 10.5). Two budgets: frames that carry neither request nor payload
 * (CVE-2019-9511 to 9518), and requests that come to nothing through the peer's doing, whether it resets them (rapid reset,
 * CVE-2023-44487) or makes us reset them (CVE-2025-8671). Useful work earns credit back, and so does time.
 */

class Budget {
  readonly #burst: number;
  readonly #perSecond: number;
  #credits: number;
  #refilledAtMs = -1;

  constructor(burst: number, perSecond: number) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#credits = burst;
  }

  /** False when the peer has overdone it. */
  spend(credits: number, nowMs: number): boolean {
    if (this.#refilledAtMs < 0) this.#refilledAtMs = nowMs;
    this.#credits -= credits;
    return this.#credits >= 0 || this.#refill(nowMs);
  }

  earn(credits: number): void {
    this.#credits = Math.min(this.#burst, this.#credits + credits);
  }

  /** Time is credited only when the credits have run out. */
  #refill(nowMs: number): boolean {
    this.earn(((nowMs - this.#refilledAtMs) / 1_000) * this.#perSecond);
    this.#refilledAtMs = nowMs;
    return this.#credits >= 0;
  }
}

/** A peer that lives on what it earns, pings now and then and updates windows often, never comes near the end of this. */
const FRAMES = { burst: 1_000, perSecond: 200 } as const;
/** More than all streams of a connection at once, as when an application behind another proxy is killed. */
const WASTED_REQUESTS = { burst: 400, perSecond: 50 } as const;

/** What an answer earns: its streams' window updates, a priority, a ping. */
const FRAMES_PER_ANSWER = 4;
/** A sent frame of payload may be answered by updates of two windows. */
const FRAMES_PER_DATA = 2;

export class FloodGuard {
  readonly #frames = new Budget(FRAMES.burst, FRAMES.perSecond);
  readonly #wasted = new Budget(WASTED_REQUESTS.burst, WASTED_REQUESTS.perSecond);

  /** A frame came that does nothing for a request; false when there were too many. `cost`: in such frames. */
  frame(nowMs: number, cost = 1): boolean {
    return this.#frames.spend(cost, nowMs);
  }

  /** A request will come to nothing, and the peer is the reason; false when there were too many. `cost`: in such requests. */
  wasted(nowMs: number, cost = 1): boolean {
    return this.#wasted.spend(cost, nowMs);
  }

  /** A request got its answer. */
  answered(): void {
    this.#frames.earn(FRAMES_PER_ANSWER);
    this.#wasted.earn(1);
  }

  /** Payload was sent, because there was some: not because a window of one byte was opened. */
  sent(): void {
    this.#frames.earn(FRAMES_PER_DATA);
  }

  /** Payload came. */
  received(): void {
    this.#frames.earn(1);
  }
}
