/** What will happen when, in virtual time: events of the simulated network, between those of the proxy's own timer wheel. */
import { VirtualClock } from '../support/virtual-clock.ts';

interface Entry {
  readonly atMs: number;
  /** Of two events at one time the one that was planned first comes first. */
  readonly order: number;
  readonly act: () => void;
}

export class Agenda {
  readonly clock = new VirtualClock();
  #entries: Entry[] = [];
  #order = 0;

  get nowMs(): number {
    return this.clock.time;
  }

  in(delayMs: number, act: () => void): void {
    const entry = { atMs: this.nowMs + delayMs, order: this.#order++, act };
    let at = this.#entries.length;
    while (at > 0 && (this.#entries[at - 1]?.atMs ?? 0) > entry.atMs) at--;
    this.#entries.splice(at, 0, entry);
  }

  runUntil(timeMs: number): void {
    for (;;) {
      const [next] = this.#entries;
      const atMs = Math.min(next?.atMs ?? Infinity, this.clock.nextTimerAtMs);
      if (atMs > timeMs) break;
      this.clock.advanceTo(atMs);
      // The timers that were due may have planned something for now, but nothing for before.
      if (next === undefined || next.atMs > atMs) continue;
      this.#entries.shift();
      next.act();
    }
    this.clock.advanceTo(timeMs);
  }
}
