/** One limit in a worker. */
import type { LimitSpec } from './limit.ts';
import { Slot } from './slot.ts';

export class LeasedLimit {
  spec: LimitSpec;
  /** The capacity that the ledger enforces; the configured one until it has answered. */
  capacity: number;
  readonly slots = new Map<string, Slot>();
  /** A map iterates over what it has lost since it last grew; an iterator that goes on does that once. */
  #oldest: Iterator<Slot> | null = null;

  constructor(spec: LimitSpec) {
    this.spec = spec;
    this.capacity = spec.capacity;
  }

  /** Requests return their tokens when they end. */
  get isInFlight(): boolean {
    return this.spec.refillPerMs === 0;
  }

  update(spec: LimitSpec): void {
    if (spec === this.spec) return;
    this.spec = spec;
    this.capacity = spec.capacity;
  }

  /** A slot that has been here for long, another one with each call; null: none is left in this round. */
  nextOldest(): Slot | null {
    this.#oldest ??= this.slots.values();
    const next = this.#oldest.next();
    if (next.done !== true) return next.value;
    this.#oldest = null;
    return null;
  }

  slotOf(key: string): Slot {
    let slot = this.slots.get(key);
    if (slot === undefined) {
      slot = new Slot(this, key);
      this.slots.set(key, slot);
    }
    return slot;
  }
}
