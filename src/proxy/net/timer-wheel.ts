/**
 * Coarse timers for many entries that rarely time out. Entries are linked into the slot of their deadline; no entry owns a timer
 * of Node, and one sleeping timer wakes the wheel for the next slot in use. Moving a deadline further away costs one store: the
 * entry stays in its slot, and is moved when its old slot is due.
 */

import { eventClock, tickEventClock } from './event-clock.ts';

/** Maximum delay of a timer. */
export const TICK_MS = 32;
const SLOTS = 256;
const HORIZON_TICKS = SLOTS - 1;

/** An entry with at most one deadline. */
export abstract class TimerEntry {
  /** Of the wheel's clock; Infinity while off. */
  deadlineMs = Infinity;
  /** Tick of the slot it is linked in; -1 = in none. */
  timerTick = -1;
  timerNext: TimerEntry | null = null;
  timerPrevious: TimerEntry | null = null;

  /** The deadline has passed; it is off now. */
  abstract onTimer(nowMs: number): void;
}

class Slot extends TimerEntry {
  constructor() {
    super();
    this.timerNext = this;
    this.timerPrevious = this;
  }
  onTimer(): void {
    // A slot is only the anchor of its list.
  }
  get isEmpty(): boolean {
    return this.timerNext === this;
  }
}

export interface WheelClock {
  /** Milliseconds, monotonic: of the event that is being handled. */
  now(): number;
  /** The same, read at the start of an event. */
  wake(): number;
  setTimer(callback: () => void, delayMs: number): unknown;
  clearTimer(timer: unknown): void;
}

const SYSTEM_CLOCK: WheelClock = {
  now: () => eventClock.nowMs,
  wake: () => {
    tickEventClock();
    return eventClock.nowMs;
  },
  // The sockets keep the process alive, not their timeouts.
  setTimer: (callback, delayMs) => setTimeout(callback, delayMs).unref(),
  clearTimer: (timer) => clearTimeout(timer as NodeJS.Timeout),
};

export class TimerWheel {
  readonly #slots: readonly Slot[] = Array.from({ length: SLOTS }, () => new Slot());
  readonly #clock: WheelClock;
  /** Slots up to this tick have been served. */
  #tick: number;
  #linked = 0;
  #timer: unknown = null;
  #wakeTick = Infinity;
  readonly #wake = (): void => this.#onWake();

  constructor(clock: WheelClock = SYSTEM_CLOCK) {
    this.#clock = clock;
    this.#tick = tickOf(clock.now());
  }

  now(): number {
    return this.#clock.now();
  }

  /** Sets or moves the entry's deadline. */
  schedule(entry: TimerEntry, deadlineMs: number): void {
    entry.deadlineMs = deadlineMs;
    if (entry.timerTick >= 0) {
      if (tickOf(deadlineMs) >= entry.timerTick) return;
      this.#unlink(entry);
    }
    this.#link(entry);
  }

  /** Turns the entry off. It may stay linked until its slot comes up. */
  cancel(entry: TimerEntry): void {
    entry.deadlineMs = Infinity;
  }

  /** Turns the entry off and unlinks it: for entries that will be dropped. */
  remove(entry: TimerEntry): void {
    entry.deadlineMs = Infinity;
    if (entry.timerTick >= 0) this.#unlink(entry);
  }

  stop(): void {
    if (this.#timer !== null) this.#clock.clearTimer(this.#timer);
    this.#timer = null;
    this.#wakeTick = Infinity;
  }

  get size(): number {
    return this.#linked;
  }

  #link(entry: TimerEntry): void {
    if (this.#linked === 0) this.#tick = Math.max(this.#tick, tickOf(this.#clock.now()));
    const due = Math.max(tickOf(entry.deadlineMs), this.#tick + 1);
    const tick = Math.min(due, this.#tick + HORIZON_TICKS);
    const slot = this.#slots[tick % SLOTS] as Slot;
    const last = slot.timerPrevious as TimerEntry;
    last.timerNext = entry;
    entry.timerPrevious = last;
    entry.timerNext = slot;
    slot.timerPrevious = entry;
    entry.timerTick = tick;
    this.#linked++;
    if (tick < this.#wakeTick) this.#sleepUntil(tick);
  }

  #unlink(entry: TimerEntry): void {
    const { timerNext: next, timerPrevious: previous } = entry;
    if (next === null || previous === null) return;
    previous.timerNext = next;
    next.timerPrevious = previous;
    entry.timerNext = null;
    entry.timerPrevious = null;
    entry.timerTick = -1;
    this.#linked--;
  }

  #sleepUntil(tick: number): void {
    if (this.#timer !== null) this.#clock.clearTimer(this.#timer);
    this.#wakeTick = tick;
    this.#timer = this.#clock.setTimer(this.#wake, Math.max(1, tick * TICK_MS - this.#clock.now()));
  }

  #onWake(): void {
    this.#timer = null;
    this.#wakeTick = Infinity;
    const nowMs = this.#clock.wake();
    // A slot is due when all of its tick has passed: nothing fires early.
    const target = Math.floor(nowMs / TICK_MS);
    const first = Math.max(this.#tick + 1, target - SLOTS + 1);
    for (let tick = first; tick <= target; tick++) {
      this.#tick = tick;
      this.#serve(this.#slots[tick % SLOTS] as Slot, nowMs);
    }
    this.#tick = Math.max(this.#tick, target);
    const next = this.#nextTickInUse();
    if (next < this.#wakeTick) this.#sleepUntil(next);
  }

  #serve(slot: Slot, nowMs: number): void {
    // Entries that are put back go to other slots or to this one's next round: take the list as it is now.
    let remaining = 0;
    for (let entry = slot.timerNext; entry !== slot && entry !== null; entry = entry.timerNext) remaining++;
    while (remaining-- > 0 && !slot.isEmpty) {
      const entry = slot.timerNext as TimerEntry;
      this.#unlink(entry);
      if (entry.deadlineMs === Infinity) continue;
      if (entry.deadlineMs > nowMs) {
        this.#link(entry);
        continue;
      }
      entry.deadlineMs = Infinity;
      entry.onTimer(nowMs);
    }
  }

  #nextTickInUse(): number {
    if (this.#linked === 0) return Infinity;
    for (let ahead = 1; ahead < SLOTS; ahead++) {
      if (!(this.#slots[(this.#tick + ahead) % SLOTS] as Slot).isEmpty) return this.#tick + ahead;
    }
    return Infinity;
  }
}

/** The first tick at which a deadline has passed. */
function tickOf(deadlineMs: number): number {
  return Math.ceil(deadlineMs / TICK_MS);
}
