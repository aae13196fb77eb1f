/** Counters of ended workers. Sums over workers include them, so no counter decreases when a worker is replaced. */
import type { Origin } from '../ir/origin.ts';
import type { PolicyRefusalStats } from '../proxy/exchange/policy-refusals.ts';
import type { HistogramSnapshot, RequestStats } from '../proxy/exchange/request-stats.ts';
import type { ProxyStats } from '../proxy/proxy-api.ts';
import type { ReasonCode } from '../ir/reason.ts';
import { RetiredStreams } from './retired-streams.ts';

/** The labels of a row of counters. */
export type CountedRow = Pick<RequestStats, 'gateway' | 'listener' | 'rule' | 'backend'>;

type Counts<Key extends string> = Readonly<Partial<Record<Key, number>>>;

export class RetiredStats {
  readonly #requests = new Map<string, RequestStats>();
  readonly #streams = new RetiredStreams();
  readonly #refusals = new Map<string, PolicyRefusalStats>();
  #acceptedConnections = 0;
  #refused: Counts<ReasonCode> = {};
  #mirrors = { sent: 0, dropped: 0 };

  add({ requests, downstream, refused, policyRefusals, mirrors, streams, tls }: ProxyStats): void {
    this.#streams.add({ streams, tls });
    for (const row of policyRefusals) {
      const key = JSON.stringify({ ...row, count: 0 });
      const count = (this.#refusals.get(key)?.count ?? 0) + row.count;
      this.#refusals.set(key, { ...row, count });
    }
    for (const row of requests) {
      const key = JSON.stringify([row.gateway, row.listener, row.rule, row.backend]);
      const before = this.#requests.get(key);
      this.#requests.set(key, before === undefined ? row : sumRows(before, row));
    }
    this.#acceptedConnections += downstream.acceptedConnections;
    this.#refused = sumCounts(this.#refused, refused);
    this.#mirrors = {
      sent: this.#mirrors.sent + mirrors.sent,
      dropped: this.#mirrors.dropped + mirrors.dropped,
    };
  }

  /** Drops rows whose labels are no longer configured, as running workers do. */
  prune(isConfigured: (row: CountedRow) => boolean): void {
    const hasGateway = (gateway: Origin): boolean =>
      isConfigured({ gateway, listener: null, rule: null, backend: null });
    this.#streams.prune(hasGateway);
    for (const [key, { gateway }] of this.#refusals) if (!hasGateway(gateway)) this.#refusals.delete(key);
    for (const [key, row] of this.#requests) if (!isConfigured(row)) this.#requests.delete(key);
  }

  /** Counters only: ended workers have no open connections. */
  snapshot(): ProxyStats {
    return {
      requests: [...this.#requests.values()],
      clusters: [],
      downstream: { openConnections: 0, acceptedConnections: this.#acceptedConnections, activeRequests: 0 },
      refused: this.#refused,
      policyRefusals: [...this.#refusals.values()],
      mirrors: this.#mirrors,
      ...this.#streams.snapshot(),
    };
  }
}

function sumRows(a: RequestStats, b: RequestStats): RequestStats {
  return {
    ...a,
    byClass: sumLists(a.byClass, b.byClass),
    byReason: sumCounts(a.byReason, b.byReason),
    requestBytes: a.requestBytes + b.requestBytes,
    responseBytes: a.responseBytes + b.responseBytes,
    retries: sumCounts(a.retries, b.retries),
    duration: sumHistograms(a.duration, b.duration),
  };
}

const sumHistograms = (a: HistogramSnapshot, b: HistogramSnapshot): HistogramSnapshot => ({
  boundsMs: a.boundsMs,
  counts: sumLists(a.counts, b.counts),
  sumMs: a.sumMs + b.sumMs,
});

const sumLists = (a: readonly number[], b: readonly number[]): readonly number[] =>
  a.map((value, index) => value + (b[index] ?? 0));

function sumCounts<Key extends string>(a: Counts<Key>, b: Counts<Key>): Counts<Key> {
  const sum: Partial<Record<Key, number>> = { ...a };
  for (const [reason, count] of Object.entries(b) as [Key, number][]) {
    sum[reason] = (sum[reason] ?? 0) + count;
  }
  return sum;
}
