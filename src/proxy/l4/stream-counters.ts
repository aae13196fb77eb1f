/** Counters of layer-4 connections and flows, by gateway, listener, rule and backend: labels are bounded by configuration. */
import type { Origin, RuleOrigin } from '../../ir/origin.ts';
import type { ReasonCode } from '../../ir/reason.ts';

export interface StreamLabels {
  readonly protocol: 'tcp' | 'tls' | 'udp';
  readonly gateway: Origin;
  readonly listener: Origin;
  readonly rule: RuleOrigin | null;
  /** null: for connections without a backend. */
  readonly backend: Origin | null;
}

export interface StreamStats extends StreamLabels {
  /** Connections or flows so far, and those open now. */
  readonly total: number;
  readonly active: number;
  /** From and toward clients. */
  readonly receivedBytes: number;
  readonly sentBytes: number;
  /** Attempts at another endpoint. */
  readonly retries: number;
  /** Connections and flows that the gateway refused or ended itself. */
  readonly byReason: Readonly<Partial<Record<ReasonCode, number>>>;
}

export class StreamCounters {
  readonly labels: StreamLabels;
  total = 0;
  active = 0;
  receivedBytes = 0;
  sentBytes = 0;
  retries = 0;
  readonly #byReason: Partial<Record<ReasonCode, number>> = {};

  constructor(labels: StreamLabels) {
    this.labels = labels;
  }

  opened(): void {
    this.total++;
    this.active++;
  }

  closed(): void {
    this.active--;
  }

  /** Counts a connection or datagram that the gateway itself ended. */
  ended(reason: ReasonCode): void {
    this.#byReason[reason] = (this.#byReason[reason] ?? 0) + 1;
  }

  snapshot(): StreamStats {
    const { labels, total, active, receivedBytes, sentBytes, retries } = this;
    return { ...labels, total, active, receivedBytes, sentBytes, retries, byReason: { ...this.#byReason } };
  }

  get isUsed(): boolean {
    return this.total > 0 || Object.keys(this.#byReason).length > 0;
  }
}

/** Counters by labels: they survive updates as long as their labels are configured. */
export class StreamCounterRegistry {
  #counters = new Map<string, StreamCounters>();
  #next: Map<string, StreamCounters> | null = null;

  /** Between this and `endUpdate`, requested counters are those that the new configuration needs. */
  beginUpdate(): void {
    this.#next = new Map();
  }

  endUpdate(): void {
    this.#counters = this.#next ?? this.#counters;
    this.#next = null;
  }

  get(labels: StreamLabels): StreamCounters {
    const { protocol, gateway, listener, rule, backend } = labels;
    const key = JSON.stringify([protocol, gateway, listener, rule, backend]);
    const counters = this.#next?.get(key) ?? this.#counters.get(key) ?? new StreamCounters(labels);
    (this.#next ?? this.#counters).set(key, counters);
    return counters;
  }

  snapshot(): StreamStats[] {
    return [...this.#counters.values()].filter(({ isUsed }) => isUsed).map((counters) => counters.snapshot());
  }
}
