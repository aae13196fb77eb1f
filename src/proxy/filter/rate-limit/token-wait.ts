/** A request that waits until the ledger has answered about its limits; `Leases` sees to it that the wait ends. */
import type { FilterRun } from '../../exchange/filter-run.ts';
import type { PendingFilter } from '../../exchange/http-filter.ts';
import type { TokenWaiter } from '../../limits/slot.ts';
import type { CountedLimit } from './limit-fields.ts';
import type { RateLimiting } from './rate-limit.ts';

export class TokenWait implements PendingFilter, TokenWaiter {
  readonly kind = 'pending';
  readonly #filter: RateLimiting;
  readonly #run: FilterRun;
  #counted: readonly CountedLimit[];
  #isOver = false;

  constructor(filter: RateLimiting, run: FilterRun, counted: readonly CountedLimit[]) {
    this.#filter = filter;
    this.#run = run;
    this.#counted = counted;
  }

  start(): void {
    this.onAnswer();
  }

  onAnswer(): void {
    if (this.#isOver) return;
    const filter = this.#filter;
    // An idle slot may have been forgotten meanwhile.
    const counted = this.#counted.map(({ limit, slot }) => ({ limit, slot: limit.leased.slotOf(slot.key) }));
    this.#counted = counted;
    const unknown = filter.unknownOf(counted);
    if (unknown !== null) filter.leases.wait(unknown, this);
    else this.#run.resume(this, filter.finish(this.#run, counted));
  }

  bodyChanged(): void {
    // Limits do not read bodies.
  }

  cancel(): void {
    this.#isOver = true;
  }
}
