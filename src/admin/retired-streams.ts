/** Counters of ended workers for layer-4 connections and TLS handshakes; see retired-stats.ts. */
import type { Origin } from '../ir/origin.ts';
import type { ProxyStats } from '../proxy/proxy-api.ts';
import type { TlsStats } from '../proxy/port/tls-stats.ts';

type StreamStats = ProxyStats['streams'][number];

export class RetiredStreams {
  readonly #streams = new Map<string, StreamStats>();
  readonly #tls = new Map<string, TlsStats>();

  add({ streams, tls }: Pick<ProxyStats, 'streams' | 'tls'>): void {
    for (const row of streams) {
      const key = JSON.stringify([row.protocol, row.gateway, row.listener, row.rule, row.backend]);
      const before = this.#streams.get(key);
      // Ended workers have no open connections.
      this.#streams.set(key, { ...(before === undefined ? row : sumStreams(before, row)), active: 0 });
    }
    for (const row of tls) {
      const key = JSON.stringify([row.gateway, row.port]);
      const before = this.#tls.get(key);
      this.#tls.set(key, before === undefined ? row : sumTls(before, row));
    }
  }

  /** Drops rows of Gateways that are no longer configured. */
  prune(hasGateway: (gateway: Origin) => boolean): void {
    for (const [key, { gateway }] of this.#streams) if (!hasGateway(gateway)) this.#streams.delete(key);
    for (const [key, { gateway }] of this.#tls) if (!hasGateway(gateway)) this.#tls.delete(key);
  }

  snapshot(): Pick<ProxyStats, 'streams' | 'tls'> {
    return { streams: [...this.#streams.values()], tls: [...this.#tls.values()] };
  }
}

function sumStreams(a: StreamStats, b: StreamStats): StreamStats {
  return {
    ...a,
    total: a.total + b.total,
    receivedBytes: a.receivedBytes + b.receivedBytes,
    sentBytes: a.sentBytes + b.sentBytes,
    retries: a.retries + b.retries,
    byReason: sumCounts(a.byReason, b.byReason),
  };
}

function sumTls(a: TlsStats, b: TlsStats): TlsStats {
  return {
    ...a,
    handshakes: a.handshakes + b.handshakes,
    resumed: a.resumed + b.resumed,
    passedThrough: a.passedThrough + b.passedThrough,
    failures: sumCounts(a.failures, b.failures),
  };
}

function sumCounts<Key extends string>(
  a: Readonly<Partial<Record<Key, number>>>,
  b: Readonly<Partial<Record<Key, number>>>,
): Partial<Record<Key, number>> {
  const sum: Partial<Record<Key, number>> = { ...a };
  for (const [key, count] of Object.entries(b) as [Key, number][]) sum[key] = (sum[key] ?? 0) + count;
  return sum;
}
