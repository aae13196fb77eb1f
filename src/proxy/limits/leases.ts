/**
 * The leases of one worker. A request whose keys have tokens here takes them without a message. Otherwise it waits for the ledger, for at
 * most `ANSWER_MS`. A ledger that does not answer by then is away, and until it answers again the worker goes by its own share,
 * the limit divided by the number of workers, and reports afterwards what it used.
 */
import type { LimitClock } from './clock.ts';
import { LeasedLimit } from './leased-limit.ts';
import {
  MAX_REPORTS,
  type LeaseGrant,
  type LeaseRecall,
  type LeaseReport,
  type LedgerMessage,
  type LimitSpec,
} from './limit.ts';
import type { Slot, TokenWaiter } from './slot.ts';

/** A request waits this long for the ledger. */
export const ANSWER_MS = 250;
/** Unused tokens go back after one to two of these: within 250 ms. */
const SWEEP_MS = 125;
/** A refusal counts no longer than this: the configuration may change. */
const MAX_REFUSAL_MS = 1_000;
/** Slots of one limit; the oldest makes room for a new one. */
const MAX_SLOTS = 100_000;
/** Oldest slots that are looked at for one that nothing waits for. */
const ROOM_SEARCH = 16;

export interface LeasesOptions {
  /** Workers that share each limit. */
  readonly workers: number;
  readonly clock: LimitClock;
  /** To the ledger: at most `MAX_REPORTS` at once. */
  readonly send: (reports: readonly LeaseReport[]) => void;
}

export class Leases {
  readonly #options: LeasesOptions;
  readonly #limits = new Map<string, LeasedLimit>();
  /** Slots whose answer is due, the one that was asked for first, first. */
  readonly #asked = new Set<Slot>();
  /** Slots to ask for with the next message. */
  #asking: Slot[] = [];
  #reports: LeaseReport[] = [];
  #isFlushing = false;
  #isSweeping = false;
  #isWatching = false;
  #isAway = false;

  constructor(options: LeasesOptions) {
    this.#options = options;
  }

  /** The limit of this id, which is `spec` from here on. */
  limit(spec: LimitSpec): LeasedLimit {
    const known = this.#limits.get(spec.id);
    const limit = known ?? new LeasedLimit(spec);
    if (known === undefined) this.#limits.set(spec.id, limit);
    else limit.update(spec);
    return limit;
  }

  /** The ledger does not answer. */
  get isAway(): boolean {
    return this.#isAway;
  }

  now(): number {
    return this.#options.clock.now();
  }

  // --- requests ---

  /** Whether `take` may be called. */
  hasToken(slot: Slot): boolean {
    return slot.free > 0 || (this.#isAway && this.#hasLocalToken(slot));
  }

  /** There is no token, and it is too early to ask for one. */
  isRefused(slot: Slot): boolean {
    return !this.hasToken(slot) && (this.#isAway || slot.refusedUntilMs > this.now());
  }

  take(slot: Slot): void {
    const { isInFlight } = slot.limit;
    if (slot.free > 0) slot.free--;
    else if (isInFlight) slot.borrowed++;
    else slot.localLevel--;
    if (isInFlight) slot.inUse++;
    else slot.spent++;
    slot.isActive = true;
    if (!this.#isSweeping) this.#startSweeping();
  }

  /** A request that took a token of a limit that refills was refused by another limit: it uses up nothing. */
  refund(slot: Slot): void {
    // What was reported is used up.
    if (slot.spent === 0) return;
    slot.spent--;
    slot.free++;
  }

  /** A request in flight has ended. */
  release(slot: Slot): void {
    slot.inUse--;
    if (slot.borrowed > 0) slot.borrowed--;
    else slot.free++;
    slot.isActive = true;
    if (slot.isRecalled) this.#returnUnused(slot, false);
  }

  /** Asks the ledger for tokens of the slot; `waiter` learns when it has answered. */
  wait(slot: Slot, waiter: TokenWaiter): void {
    slot.waiting.push(waiter);
    slot.isActive = true;
    if (!this.#isSweeping) this.#startSweeping();
    if (slot.isAsked) return;
    this.#makeRoom(slot.limit);
    slot.askedAtMs = this.now();
    this.#asked.add(slot);
    this.#asking.push(slot);
    this.#watch();
    this.#flushSoon();
  }

  // --- messages of the ledger ---

  receive({ grants, recalls }: LedgerMessage): void {
    this.#isAway = false;
    for (const grant of grants) this.#granted(grant);
    for (const recall of recalls) this.#recalled(recall);
  }

  #granted({ limit: id, key, granted, left, retryMs, capacity }: LeaseGrant): void {
    const limit = this.#limits.get(id);
    const slot = limit?.slots.get(key);
    if (limit === undefined || slot === undefined) {
      this.#report({ limit: id, key, wanted: 0, spent: 0, returned: granted, answersRecall: false });
      return;
    }
    const nowMs = this.now();
    if (capacity > 0) limit.capacity = capacity;
    slot.free += granted;
    slot.left = left;
    slot.refusedUntilMs = retryMs > 0 ? nowMs + Math.min(retryMs, MAX_REFUSAL_MS) : -Infinity;
    slot.nextAtMs = nowMs + retryMs;
    this.#answer(slot);
  }

  #answer(slot: Slot): void {
    const { waiting } = slot;
    slot.askedAtMs = NaN;
    this.#asked.delete(slot);
    slot.waiting = [];
    for (const waiter of waiting) waiter.onAnswer();
  }

  #recalled({ limit, key }: LeaseRecall): void {
    const slot = this.#limits.get(limit)?.slots.get(key);
    if (slot === undefined) {
      this.#report({ limit, key, wanted: 0, spent: 0, returned: 0, answersRecall: true });
      return;
    }
    slot.isRecalled = slot.limit.isInFlight;
    this.#returnUnused(slot, true);
  }

  // --- while the ledger is away ---

  #watch(): void {
    const [first] = this.#asked;
    if (this.#isWatching || first === undefined) return;
    this.#isWatching = true;
    this.#options.clock.after(Math.max(1, first.askedAtMs + ANSWER_MS - this.now()), () => {
      this.#isWatching = false;
      this.#decideOverdue();
      this.#watch();
    });
  }

  #decideOverdue(): void {
    const latest = this.now() - ANSWER_MS;
    for (const slot of [...this.#asked]) {
      if (slot.askedAtMs > latest) return;
      this.#isAway = true;
      this.#answer(slot);
    }
  }

  #hasLocalToken(slot: Slot): boolean {
    const { limit } = slot;
    const share = Math.floor(limit.capacity / this.#options.workers);
    if (limit.isInFlight) return slot.inUse < share;
    const nowMs = this.now();
    const rate = (limit.spec.refillPerMs * limit.capacity) / limit.spec.capacity / this.#options.workers;
    const level = slot.localLevel + (nowMs - slot.localAtMs) * rate;
    slot.localLevel = Number.isNaN(level) ? share : Math.min(share, level);
    slot.localAtMs = nowMs;
    return slot.localLevel >= 1;
  }

  // --- reports ---

  #startSweeping(): void {
    this.#isSweeping = true;
    this.#options.clock.after(SWEEP_MS, () => {
      this.#isSweeping = this.#sweep();
      if (this.#isSweeping) this.#startSweeping();
    });
  }

  /** Reports what was used, returns what was not, and forgets idle slots. False when there are no slots any more. */
  #sweep(): boolean {
    // Reports would queue up. The own shares are kept until the ledger has learned what was used.
    if (this.#isAway) return true;
    const nowMs = this.now();
    let hasSlots = false;
    for (const { slots } of this.#limits.values()) {
      for (const slot of slots.values()) {
        if (!slot.isActive) this.#returnUnused(slot, false);
        else if (slot.spent > 0) this.#reportSpent(slot, 0, false);
        slot.isActive &&= slot.isAsked;
        if (slot.isIdleAt(nowMs) && slot.free === 0) slots.delete(slot.key);
        else hasSlots = true;
      }
    }
    return hasSlots;
  }

  #returnUnused(slot: Slot, answersRecall: boolean): void {
    const { free } = slot;
    if (free === 0 && slot.spent === 0 && !answersRecall) return;
    slot.free = 0;
    this.#reportSpent(slot, free, answersRecall);
  }

  #reportSpent(slot: Slot, returned: number, answersRecall: boolean): void {
    const { spent, key } = slot;
    slot.spent = 0;
    this.#report({ limit: slot.limit.spec.id, key, wanted: 0, spent, returned, answersRecall });
  }

  #report(report: LeaseReport): void {
    this.#reports.push(report);
    this.#flushSoon();
  }

  #makeRoom(limit: LeasedLimit): void {
    if (limit.slots.size <= MAX_SLOTS) return;
    for (let searched = 0; searched < ROOM_SEARCH; searched++) {
      const slot = limit.nextOldest();
      if (slot === null) return;
      if (slot.isAsked || slot.inUse > 0) continue;
      this.#returnUnused(slot, false);
      limit.slots.delete(slot.key);
      return;
    }
  }

  #flushSoon(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    this.#options.clock.soon(() => {
      this.#isFlushing = false;
      this.#flush();
    });
  }

  /** One message for what the events at hand have caused. */
  #flush(): void {
    const reports = this.#reports;
    for (const slot of this.#asking) {
      const { limit, key, spent, waiting } = slot;
      slot.spent = 0;
      const wanted = Math.max(1, waiting.length);
      reports.push({ limit: limit.spec.id, key, wanted, spent, returned: 0, answersRecall: false });
    }
    this.#asking = [];
    this.#reports = [];
    for (let from = 0; from < reports.length; from += MAX_REPORTS)
      this.#options.send(reports.slice(from, from + MAX_REPORTS));
  }
}
