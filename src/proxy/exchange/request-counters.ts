/** Counters of one combination of labels. Plain numbers on a fixed object: counting costs a few stores, reading is the scraper's work. */
import type { Origin, RuleOrigin } from '../../ir/origin.ts';
import type { ReasonCode } from '../../ir/reason.ts';
import { KeptItems } from '../../lib/kept-items.ts';
import type { HistogramSnapshot, RequestStats } from './request-stats.ts';
import type { RetryReason } from './retry.ts';

/** Upper bounds of the duration histogram; one more bucket is unbounded. */
const DURATION_BOUNDS_MS: readonly number[] = [
  0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000,
];

/** Index 1 to 5 is used. */
const CLASSES = 6;
const BUCKETS = DURATION_BOUNDS_MS.length + 1;

export interface RequestLabels {
  readonly gateway: Origin | null;
  readonly listener: Origin | null;
  readonly rule: RuleOrigin | null;
  readonly backend: Origin | null;
}

/** Counts a finished exchange. */
export interface FinishedExchange {
  readonly status: number;
  readonly reason: ReasonCode | null;
  readonly requestBytes: number;
  readonly responseBytes: number;
}

export class RequestCounters {
  readonly labels: RequestLabels;
  /** The last update that needed it (`CounterRegistry`). */
  neededBy = 0;
  /** Status classes, then duration buckets. Created by the first request: most of thousands of rules may never get one. */
  #counts: Float64Array | null = null;
  #byReason: Map<ReasonCode, number> | null = null;
  #durationSumMs = 0;
  #requestBytes = 0;
  #responseBytes = 0;
  #retries: Map<RetryReason, number> | null = null;

  constructor(labels: RequestLabels) {
    this.labels = labels;
  }

  add(exchange: FinishedExchange, durationMs: number): void {
    const counts = (this.#counts ??= new Float64Array(CLASSES + BUCKETS));
    const statusClass = (exchange.status / 100) | 0;
    (counts[statusClass] as number)++;
    let bucket = 0;
    while (bucket < BUCKETS - 1 && durationMs > (DURATION_BOUNDS_MS[bucket] as number)) bucket++;
    (counts[CLASSES + bucket] as number)++;
    this.#durationSumMs += durationMs;
    this.#requestBytes += exchange.requestBytes;
    this.#responseBytes += exchange.responseBytes;
    if (exchange.reason !== null) this.#countReason(exchange.reason);
  }

  /** Counts a retry. */
  countRetry(reason: RetryReason): void {
    const retries = (this.#retries ??= new Map<RetryReason, number>());
    retries.set(reason, (retries.get(reason) ?? 0) + 1);
  }

  #countReason(reason: ReasonCode): void {
    const byReason = (this.#byReason ??= new Map<ReasonCode, number>());
    byReason.set(reason, (byReason.get(reason) ?? 0) + 1);
  }

  snapshot(): RequestStats {
    const counts = [...(this.#counts ?? new Float64Array(CLASSES + BUCKETS))];
    let atMost = 0;
    const duration: HistogramSnapshot = {
      boundsMs: [...DURATION_BOUNDS_MS, Infinity],
      counts: counts.slice(CLASSES).map((count) => (atMost += count)),
      sumMs: this.#durationSumMs,
    };
    return {
      ...this.labels,
      byClass: counts.slice(0, CLASSES),
      byReason: Object.fromEntries(this.#byReason ?? []),
      requestBytes: this.#requestBytes,
      responseBytes: this.#responseBytes,
      retries: Object.fromEntries(this.#retries ?? []),
      duration,
    };
  }

  get isUsed(): boolean {
    return this.#counts !== null;
  }
}

/** No name in it holds a space or a slash. */
function keyOf(origin: Origin | null): string {
  if (origin === null) return '';
  return [origin.kind, origin.namespace, origin.name, origin.section ?? ''].join('/');
}

/** Counters by labels: they survive updates as long as their labels are configured. */
export class CounterRegistry {
  readonly #counters = new KeptItems<RequestCounters>();

  /** Between this and `endUpdate`, requested or kept counters are those that the new configuration needs. */
  beginUpdate(): void {
    this.#counters.beginUpdate();
  }

  /** Drops counters that were not requested since `beginUpdate`. */
  endUpdate(): void {
    this.#counters.endUpdate();
  }

  get(labels: RequestLabels): RequestCounters {
    const { gateway, listener, rule, backend } = labels;
    // Joined, because it is kept: a template string would be a tree of pieces, several times as large.
    const key = [keyOf(gateway), keyOf(listener), keyOf(rule), rule?.index ?? '', keyOf(backend)].join(' ');
    return this.#counters.get(key, () => new RequestCounters(labels));
  }

  /** As asking for it again by its labels. */
  keep(counters: RequestCounters): void {
    this.#counters.keep(counters);
  }

  snapshot(): RequestStats[] {
    return this.#counters.all.filter(({ isUsed }) => isUsed).map((counters) => counters.snapshot());
  }
}
