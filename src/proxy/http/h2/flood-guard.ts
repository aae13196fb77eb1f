/**
 * Bounds what a peer may make us do for nothing: frames that cost us work and carry no request or payload (RFC 9113 section 10.5;
 * CVE-2019-9511 to 9518, CVE-2023-44487, CVE-2025-8671). Each costs a credit; useful work earns some back, and so does time.
 */

const BURST_CREDITS = 1_000;
const CREDITS_PER_SECOND = 200;

export class FloodGuard {
  #credits = BURST_CREDITS;
  #refilledAtMs = performance.now();

  /** A frame of that kind came; false when the peer has overdone it. */
  spend(credits: number): boolean {
    this.#credits -= credits;
    return this.#credits >= 0 || this.#refill();
  }

  /** The peer did, or let us do, something useful. */
  earn(credits: number): void {
    this.#credits = Math.min(BURST_CREDITS, this.#credits + credits);
  }

  /** The clock is asked only when the credits have run out. */
  #refill(): boolean {
    const nowMs = performance.now();
    const earned = ((nowMs - this.#refilledAtMs) / 1000) * CREDITS_PER_SECOND;
    this.#refilledAtMs = nowMs;
    this.#credits = Math.min(BURST_CREDITS, this.#credits + earned);
    return this.#credits >= 0;
  }
}
