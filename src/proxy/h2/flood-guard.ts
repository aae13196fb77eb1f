/**
 * Limits useless work that a peer can cause (RFC 9113 section 10.5). Two budgets: frames without request or payload
 * (CVE-2019-9511 to 9518), and requests that the peer makes useless, whether it resets them (rapid reset,
 * CVE-2023-44487) or makes the gateway reset them (CVE-2025-8671). Useful work and time restore credit.
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

  /** False if the budget is exhausted. */
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

/** A well-behaved peer with occasional pings and frequent window updates never comes near this. */
const FRAMES = { burst: 1_000, perSecond: 200 } as const;
/** More than all streams of a connection at once, which are reset when an application behind another proxy is killed. */
const WASTED_REQUESTS = { burst: 400, perSecond: 50 } as const;

/** Credit for a response: window updates of its stream, a priority, a ping. */
const FRAMES_PER_ANSWER = 4;
/** A sent DATA frame may cause two window updates. */
const FRAMES_PER_DATA = 2;

export class FloodGuard {
  readonly #frames = new Budget(FRAMES.burst, FRAMES.perSecond);
  readonly #wasted = new Budget(WASTED_REQUESTS.burst, WASTED_REQUESTS.perSecond);

  /** A useless frame arrived; false if there were too many. `cost`: in frames. */
  frame(nowMs: number, cost = 1): boolean {
    return this.#frames.spend(cost, nowMs);
  }

  /** A request is useless because of the peer; false if there were too many. `cost`: in requests. */
  wasted(nowMs: number, cost = 1): boolean {
    return this.#wasted.spend(cost, nowMs);
  }

  /** A request got its response. */
  answered(): void {
    this.#frames.earn(FRAMES_PER_ANSWER);
    this.#wasted.earn(1);
  }

  /** Payload was sent in a frame of useful size, not because of a one-byte window. */
  sent(): void {
    this.#frames.earn(FRAMES_PER_DATA);
  }

  /** Payload arrived. */
  received(): void {
    this.#frames.earn(1);
  }
}
