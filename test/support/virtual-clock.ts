/** A clock for a timer wheel that the test moves; it fires the wheel's one timer when its time has come. */
import type { WheelClock } from '../../src/proxy/net/timer-wheel.ts';

export class VirtualClock implements WheelClock {
  time = 1_000;
  wakeUps = 0;
  #callback: (() => void) | null = null;
  #at = Infinity;

  /** When the wheel wants to be woken; Infinity while it does not. */
  get nextTimerAtMs(): number {
    return this.#at;
  }

  now(): number {
    return this.time;
  }
  wake(): number {
    return this.time;
  }
  setTimer(callback: () => void, delayMs: number): unknown {
    this.#callback = callback;
    this.#at = this.time + delayMs;
    return this;
  }
  clearTimer(): void {
    this.#callback = null;
    this.#at = Infinity;
  }
  advanceTo(time: number): void {
    while (this.#at <= time) {
      this.time = Math.max(this.time, this.#at);
      const callback = this.#callback;
      this.clearTimer();
      this.wakeUps++;
      callback?.();
    }
    this.time = time;
  }
  advanceBy(ms: number): void {
    this.advanceTo(this.time + ms);
  }
}
