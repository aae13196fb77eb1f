/**
 * The buckets of all limits of a proxy, in its supervisor. Workers lease tokens, so that a key in frequent use costs no message. A lease is a
 * small part of what is left, so that few tokens wait unused at one worker while another has none. When none is left, the ledger
 * first recalls what other workers have not used. It never leases more tokens than a limit has.
 */
import type { Bucket } from './bucket.ts';
import { BucketTable } from './bucket-table.ts';
import type {
  LeaseGrant,
  LeaseRecall,
  LeaseReport,
  LedgerMessage,
  LimitId,
  LimitLabels,
  LimitSpec,
} from './limit.ts';

/** A worker that does not answer a recall by then keeps its tokens. */
const RECALL_MS = 100;
/** A bucket that the ledger had to let go: the next report creates it again. */
const FORGOTTEN_RETRY_MS = 1;
/** Tokens that follow each other faster than this are leased several at a time. */
const MIN_RETRY_MS = 5;
/** A request in flight may end, and return its token, at any time. */
const IN_FLIGHT_RETRY_MS = 5;
/** Workers that still serve the configuration before use its limits. */
const RETIRED_MS = 60_000;
/** Buckets that `prune` looks at in one call, of each limit. */
const PRUNE_BATCH = 10_000;

export interface LedgerOptions {
  /** Workers that share each limit. */
  readonly workers: number;
  readonly send: (worker: number, message: LedgerMessage) => void;
}

/** What one worker holds of a bucket. */
interface Lease {
  tokens: number;
  /** The worker keeps no unused token of this bucket. */
  isRecalled: boolean;
}

/** Workers that wait until others have answered a recall. */
interface Recall {
  readonly place: Place;
  readonly deadlineMs: number;
  /** Workers that have not answered. */
  readonly asked: Set<number>;
  /** By worker: tokens wanted. */
  readonly waiting: Map<number, number>;
}

interface Place {
  readonly table: BucketTable;
  readonly bucket: Bucket;
}

export interface LimitUsage extends LimitLabels {
  readonly keys: number;
  readonly evicted: number;
}

interface Mail {
  readonly grants: LeaseGrant[];
  readonly recalls: LeaseRecall[];
}

export class Ledger {
  readonly #options: LedgerOptions;
  readonly #tables = new Map<LimitId, BucketTable>();
  /** By worker. */
  readonly #leases = new Map<number, Map<Bucket, Lease>>();
  readonly #recalls = new Map<Bucket, Recall>();
  /** By worker: what the call that is being handled has to tell it. */
  readonly #outbox = new Map<number, Mail>();

  constructor(options: LedgerOptions) {
    this.#options = options;
  }

  /** Exactly these limits from here on. Buckets of a limit that stays keep their tokens, up to its new capacity. */
  configure(specs: readonly LimitSpec[], nowMs: number): void {
    const ids = new Set(specs.map(({ id }) => id));
    for (const [id, table] of this.#tables) if (!ids.has(id)) table.retiredAtMs ??= nowMs;
    for (const spec of specs) {
      const table = this.#tables.get(spec.id);
      if (table === undefined) this.#tables.set(spec.id, new BucketTable(spec));
      else {
        table.spec = spec;
        table.retiredAtMs = null;
        while (table.size > spec.maxKeys) this.#evictOldest(table, nowMs);
      }
    }
  }

  get usage(): readonly LimitUsage[] {
    return [...this.#tables.values()].map(({ spec, size, evicted }) => ({
      ...spec.labels,
      keys: size,
      evicted,
    }));
  }

  receive(worker: number, reports: readonly LeaseReport[], nowMs: number): void {
    for (const report of reports) this.#take(worker, report, nowMs);
    this.#flush();
  }

  /**
   * The process of a worker has ended, and so have its requests in flight: their tokens are free. Tokens of limits that refill may have
   * been used, and so count as used.
   */
  workerEnded(worker: number, nowMs: number): void {
    const leases = this.#leases.get(worker);
    this.#leases.delete(worker);
    for (const [bucket, { tokens }] of leases ?? []) bucket.spend(tokens, 0, nowMs);
    for (const recall of this.#recalls.values()) {
      recall.waiting.delete(worker);
      this.#answered(recall, worker, nowMs);
    }
    this.#flush();
  }

  /** Recalls are outstanding: `expire` has to be called. */
  get isWaiting(): boolean {
    return this.#recalls.size > 0;
  }

  /** Ends the wait for workers that do not answer. */
  expire(nowMs: number): void {
    for (const recall of this.#recalls.values()) if (recall.deadlineMs <= nowMs) this.#decide(recall, nowMs);
    this.#flush();
  }

  /** Removes full buckets, from the one that was used longest ago on, and limits that are no longer configured. */
  prune(nowMs: number): void {
    for (const [id, table] of this.#tables) {
      const { retiredAtMs } = table;
      if (retiredAtMs !== null && nowMs - retiredAtMs >= RETIRED_MS) this.#drop(id, table);
      for (let checked = 0; checked < PRUNE_BATCH; checked++) {
        const { oldest } = table;
        if (oldest?.isFull(nowMs) !== true) break;
        table.remove(oldest);
      }
    }
    this.#flush();
  }

  #drop(id: LimitId, table: BucketTable): void {
    this.#tables.delete(id);
    for (let { oldest } = table; oldest !== null; { oldest } = table) {
      table.remove(oldest);
      this.#forget(oldest);
    }
  }

  #take(worker: number, report: LeaseReport, nowMs: number): void {
    const table = this.#tables.get(report.limit);
    if (table === undefined) {
      if (report.wanted > 0) this.#refuse(worker, { ...report, capacity: 0 });
      return;
    }
    // Only requests keep a bucket in the table: a late report must not bring back one that made room.
    const bucket = report.wanted > 0 ? this.#bucketOf(table, report.key, nowMs) : table.get(report.key);
    if (bucket === undefined) return;
    this.#account(worker, report, { table, bucket }, nowMs);
    const recall = this.#recalls.get(bucket);
    if (recall !== undefined && (report.answersRecall || !this.#holds(worker, bucket)))
      this.#answered(recall, worker, nowMs);
    if (report.wanted > 0) this.#ask(worker, report.wanted, { table, bucket }, nowMs);
  }

  /** For a bucket that the ledger does not have. */
  #refuse(worker: number, { limit, key, capacity }: Pick<LeaseGrant, 'limit' | 'key' | 'capacity'>): void {
    this.#mailTo(worker).grants.push({
      limit,
      key,
      granted: 0,
      left: 0,
      retryMs: FORGOTTEN_RETRY_MS,
      capacity,
    });
  }

  /** What the worker did with its lease. It cannot give back more than it has. */
  #account(worker: number, { spent, returned }: LeaseReport, { table, bucket }: Place, nowMs: number): void {
    if (spent === 0 && returned === 0) return;
    const leases = this.#leases.get(worker);
    const lease = leases?.get(bucket);
    const held = lease?.tokens ?? 0;
    const refills = table.spec.refillPerMs > 0;
    const used = refills ? Math.min(spent, held) : 0;
    if (refills) bucket.spend(used, spent - used, nowMs);
    const back = Math.min(returned, held - used);
    bucket.takeBack(back, nowMs);
    if (lease === undefined) return;
    lease.tokens -= used + back;
    if (lease.tokens === 0) leases?.delete(bucket);
  }

  #ask(worker: number, wanted: number, place: Place, nowMs: number): void {
    const recall = this.#recalls.get(place.bucket);
    if (recall !== undefined) recall.waiting.set(worker, wanted);
    else if (place.bucket.left(nowMs) > 0 || !this.#recall(worker, wanted, place, nowMs))
      this.#grant(worker, wanted, place, nowMs);
  }

  /** Asks the other workers for unused tokens; false when none can have any. */
  #recall(worker: number, wanted: number, place: Place, nowMs: number): boolean {
    const { table, bucket } = place;
    const asked = new Set<number>();
    for (const [other, leases] of this.#leases) {
      const lease = leases.get(bucket);
      if (other === worker || lease === undefined || lease.isRecalled) continue;
      lease.isRecalled = true;
      asked.add(other);
      this.#mailTo(other).recalls.push({ limit: table.spec.id, key: bucket.key });
    }
    if (asked.size === 0) return false;
    const deadlineMs = nowMs + RECALL_MS;
    this.#recalls.set(bucket, { place, deadlineMs, asked, waiting: new Map([[worker, wanted]]) });
    return true;
  }

  #answered(recall: Recall, worker: number, nowMs: number): void {
    recall.asked.delete(worker);
    if (recall.asked.size === 0) this.#decide(recall, nowMs);
  }

  #decide({ place, waiting }: Recall, nowMs: number): void {
    if (!this.#recalls.delete(place.bucket)) return;
    for (const [worker, wanted] of waiting) this.#grant(worker, wanted, place, nowMs);
  }

  #grant(worker: number, wanted: number, { table: { spec }, bucket }: Place, nowMs: number): void {
    const left = bucket.left(nowMs);
    const share = Math.floor(left / (2 * this.#options.workers));
    const granted = Math.min(left, Math.max(wanted, share));
    if (granted > 0) {
      bucket.lease(granted);
      this.#hold(worker, bucket, granted, spec.refillPerMs > 0);
    }
    this.#mailTo(worker).grants.push({
      limit: spec.id,
      key: bucket.key,
      granted,
      left: left - granted,
      retryMs: granted < wanted ? retryAfter(bucket, spec, nowMs) : 0,
      capacity: spec.capacity,
    });
  }

  /** After a recall, a worker returns tokens of requests in flight as they end; tokens that refill it keeps again. */
  #hold(worker: number, bucket: Bucket, tokens: number, refills: boolean): void {
    const leases = this.#leases.get(worker) ?? new Map<Bucket, Lease>();
    this.#leases.set(worker, leases);
    const lease = leases.get(bucket);
    if (lease === undefined) leases.set(bucket, { tokens, isRecalled: false });
    else {
      lease.tokens += tokens;
      if (refills) lease.isRecalled = false;
    }
  }

  #holds(worker: number, bucket: Bucket): boolean {
    return this.#leases.get(worker)?.has(bucket) === true;
  }

  #bucketOf(table: BucketTable, key: string, nowMs: number): Bucket {
    const known = table.get(key);
    if (known === undefined) {
      if (table.size >= table.spec.maxKeys) this.#evictOldest(table, nowMs);
      return table.add(key, nowMs);
    }
    table.touch(known);
    return known;
  }

  #evictOldest(table: BucketTable, nowMs: number): void {
    const { oldest } = table;
    if (oldest === null) return;
    if (!oldest.isFull(nowMs)) table.evicted++;
    table.remove(oldest);
    this.#forget(oldest);
  }

  #forget(bucket: Bucket): void {
    for (const leases of this.#leases.values()) leases.delete(bucket);
    const recall = this.#recalls.get(bucket);
    if (recall === undefined) return;
    this.#recalls.delete(bucket);
    const { id: limit, capacity } = recall.place.table.spec;
    for (const worker of recall.waiting.keys()) this.#refuse(worker, { limit, key: bucket.key, capacity });
  }

  #mailTo(worker: number): Mail {
    let mail = this.#outbox.get(worker);
    if (mail === undefined) {
      mail = { grants: [], recalls: [] };
      this.#outbox.set(worker, mail);
    }
    return mail;
  }

  #flush(): void {
    if (this.#outbox.size === 0) return;
    const outbox = [...this.#outbox];
    this.#outbox.clear();
    for (const [worker, message] of outbox) this.#options.send(worker, message);
  }
}

function retryAfter(bucket: Bucket, { capacity, refillPerMs }: LimitSpec, nowMs: number): number {
  if (refillPerMs === 0) return IN_FLIGHT_RETRY_MS;
  // Half a bucket at most: one that is full gains nothing.
  return Math.max(Math.min(MIN_RETRY_MS, capacity / refillPerMs / 2), bucket.untilNext(nowMs));
}
