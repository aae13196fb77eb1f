/** Tokens of a request in flight: they are free when the exchange ends, however it ends. */
import type { EndObserver } from '../../exchange/http-filter.ts';
import type { Leases } from '../../limits/leases.ts';
import type { Slot } from '../../limits/slot.ts';

export class InFlightTokens implements EndObserver {
  readonly #leases: Leases;
  readonly #slots: readonly Slot[];

  constructor(leases: Leases, slots: readonly Slot[]) {
    this.#leases = leases;
    this.#slots = slots;
  }

  exchangeEnded(): void {
    for (const slot of this.#slots) if (slot.limit.isInFlight) this.#leases.release(slot);
  }
}
