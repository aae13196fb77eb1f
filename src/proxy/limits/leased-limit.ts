/** One limit in a worker. */
import type { LimitSpec } from './limit.ts';
import { Slot } from './slot.ts';

export class LeasedLimit {
  spec: LimitSpec;
  /** The capacity that the ledger enforces; the configured one until it has answered. */
  capacity: number;
  readonly slots = new Map<string, Slot>();

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

  slotOf(key: string): Slot {
    let slot = this.slots.get(key);
    if (slot === undefined) {
      slot = new Slot(this, key);
      this.slots.set(key, slot);
    }
    return slot;
  }
}
