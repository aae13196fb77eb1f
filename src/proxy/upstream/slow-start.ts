/** Slow start: new and recovered endpoints get a growing share of requests. */

/** Initial weight of a cold endpoint. */
const LEAST_WEIGHT = 0.1;

export interface RampedEndpoint {
  /** Since when it gets requests, by the wheel's clock; -Infinity: it is warm. */
  rampFromMs: number;
}

export class SlowStart {
  readonly #windowMs: number;
  #endsAtMs = -Infinity;
  #weights = new Float64Array(0);

  /** `windowMs`: how long it takes; 0 = off. */
  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** `eligible` get requests from now on, and `before` did until now. If none did, slow start would only delay traffic. */
  noteChange(before: readonly RampedEndpoint[], eligible: readonly RampedEndpoint[], nowMs: number): void {
    if (this.#windowMs <= 0 || before.length === 0) return;
    const known = new Set(before);
    for (const endpoint of eligible) {
      if (known.has(endpoint)) continue;
      endpoint.rampFromMs = nowMs;
      this.#endsAtMs = nowMs + this.#windowMs;
    }
  }

  /** By index, in `(0, 1]`, valid until the next call; null when all weigh the same, as they nearly always do. */
  weightsOf(endpoints: readonly RampedEndpoint[], nowMs: number): Float64Array | null {
    if (nowMs >= this.#endsAtMs) return null;
    if (this.#weights.length < endpoints.length) this.#weights = new Float64Array(endpoints.length);
    for (const [index, { rampFromMs }] of endpoints.entries()) {
      const part = (nowMs - rampFromMs) / this.#windowMs;
      this.#weights[index] = Math.min(1, Math.max(LEAST_WEIGHT, part));
    }
    return this.#weights;
  }
}
