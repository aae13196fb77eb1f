/** A ledger and the leases of several workers in virtual time: messages that take their time, workers that crash, a ledger that stalls. */
import { Ledger } from '../../src/proxy/limits/ledger.ts';
import { Leases } from '../../src/proxy/limits/leases.ts';
import type { LimitSpec } from '../../src/proxy/limits/limit.ts';
import type { Slot } from '../../src/proxy/limits/slot.ts';

/** Events in the order of their times; those of one time in the order in which they were added. */
class VirtualTime {
  nowMs = 0;
  #events: { readonly atMs: number; readonly order: number; readonly run: () => void }[] = [];
  #added = 0;

  at(atMs: number, run: () => void): void {
    this.#events.push({ atMs: Math.max(atMs, this.nowMs), order: this.#added++, run });
  }

  runUntil(endMs: number): void {
    for (;;) {
      const next = this.#events
        .filter(({ atMs }) => atMs <= endMs)
        .toSorted((a, b) => a.atMs - b.atMs || a.order - b.order)[0];
      if (next === undefined) break;
      this.#events.splice(this.#events.indexOf(next), 1);
      this.nowMs = next.atMs;
      next.run();
    }
    this.nowMs = endMs;
  }
}

export interface Passed {
  readonly key: string;
  readonly fromMs: number;
  untilMs: number;
  readonly worker: Worker;
}

export interface Worker {
  readonly id: number;
  readonly leases: Leases;
  isAlive: boolean;
}

interface LabOptions {
  readonly specs: readonly LimitSpec[];
  readonly workers: number;
  /** Of each message, in turn. */
  readonly delaysMs?: readonly number[];
}

/** A proxy: a supervisor with the ledger, and its workers. */
export class Lab {
  readonly time = new VirtualTime();
  readonly passed: Passed[] = [];
  refused = 0;
  messages = 0;
  readonly workers: Worker[] = [];
  readonly ledger: Ledger;
  /** The ledger takes no message before then. */
  stalledUntilMs = 0;
  readonly #options: LabOptions;
  readonly #byId = new Map<number, Worker>();
  /** Pipes keep the order of their messages. */
  readonly #lastArrival = new Map<string, number>();
  #ids = 0;
  #sent = 0;

  constructor(options: LabOptions) {
    this.#options = options;
    this.ledger = new Ledger({
      workers: options.workers,
      send: (id, message) => {
        this.#send(`to ${String(id)}`, () => {
          const worker = this.#byId.get(id);
          if (worker?.isAlive === true) worker.leases.receive(message);
        });
      },
    });
    this.ledger.configure(options.specs, 0);
    for (let index = 0; index < options.workers; index++) this.workers.push(this.#start());
    this.#tick();
  }

  #tick(): void {
    this.time.at(this.time.nowMs + 20, () => {
      if (this.time.nowMs >= this.stalledUntilMs) this.ledger.expire(this.time.nowMs);
      this.#tick();
    });
  }

  #start(): Worker {
    const id = ++this.#ids;
    const { time } = this;
    const leases = new Leases({
      workers: this.#options.workers,
      clock: {
        now: () => time.nowMs,
        after: (delayMs, run) => time.at(time.nowMs + delayMs, run),
        soon: (run) => time.at(time.nowMs, run),
      },
      send: (reports) => {
        this.#send(`from ${String(id)}`, () => {
          if (this.time.nowMs < this.stalledUntilMs) time.at(this.stalledUntilMs, deliver);
          else deliver();
        });
        const deliver = (): void => {
          if (worker.isAlive) this.ledger.receive(id, reports, this.time.nowMs);
        };
      },
    });
    const worker: Worker = { id, leases, isAlive: true };
    this.#byId.set(id, worker);
    return worker;
  }

  #send(pipe: string, deliver: () => void): void {
    const { delaysMs = [0.1] } = this.#options;
    const delay = delaysMs[this.#sent++ % delaysMs.length] ?? 0;
    const arrival = Math.max(this.time.nowMs + delay, this.#lastArrival.get(pipe) ?? 0);
    this.#lastArrival.set(pipe, arrival);
    this.messages++;
    this.time.at(arrival, deliver);
  }

  /** A request that needs a token of each of the limits; it lasts `forMs`. */
  request(at: number, key: string, forMs = 0): void {
    const worker = this.workers[at] as Worker;
    const { leases } = worker;
    const decide = (): void => {
      if (!worker.isAlive) return;
      const slots = this.#options.specs.map((each) => leases.limit(each).slotOf(key));
      const missing = slots.find((slot) => !leases.hasToken(slot));
      if (slots.some((slot) => leases.isRefused(slot))) this.refused++;
      else if (missing !== undefined) leases.wait(missing, { onAnswer: decide });
      else this.#pass(worker, slots, forMs);
    };
    decide();
  }

  #pass(worker: Worker, slots: readonly Slot[], forMs: number): void {
    const { leases } = worker;
    const { nowMs } = this.time;
    for (const slot of slots) leases.take(slot);
    const passed: Passed = { key: slots[0]?.key ?? '', fromMs: nowMs, untilMs: nowMs + forMs, worker };
    this.passed.push(passed);
    this.time.at(passed.untilMs, () => {
      if (!worker.isAlive) return;
      for (const slot of slots) if (slot.limit.isInFlight) leases.release(slot);
    });
  }

  crash(index: number): void {
    const worker = this.workers[index] as Worker;
    worker.isAlive = false;
    for (const each of this.passed)
      if (each.worker === worker) each.untilMs = Math.min(each.untilMs, this.time.nowMs);
    this.workers[index] = this.#start();
    this.ledger.workerEnded(worker.id, this.time.nowMs);
  }
}
