/** Tokens of a request in flight: they are free when the exchange ends, however it ends. */
import type { EndObserver } from '../../exchange/http-filter.ts';
import type { Leases } from '../../limits/leases.ts';
import type { CountedLimit } from './limit-fields.ts';

export class InFlightTokens implements EndObserver {
  readonly #leases: Leases;
  readonly #limits: readonly CountedLimit[];

  constructor(leases: Leases, limits: readonly CountedLimit[]) {
    this.#leases = leases;
    this.#limits = limits;
  }

  exchangeEnded(): void {
    for (const { slot } of this.#limits) if (slot.limit.isInFlight) this.#leases.release(slot);
  }
}
