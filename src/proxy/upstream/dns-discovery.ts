/** Endpoints of a cluster with a host name: resolved periodically in the background, never for a request. */
import { promises as dns, type RecordWithTtl } from 'node:dns';
import { isIP } from 'node:net';
import type { Endpoint } from '../../ir/cluster.ts';
import type { Logger } from '../../telemetry/logger.ts';

/** A TTL of 0 must not make a busy loop, and a very long one must not outlive a move. */
const MIN_REFRESH_MS = 1_000;
const MAX_REFRESH_MS = 300_000;
/** Names that only the system knows (`/etc/hosts`) come without a TTL. */
const REFRESH_WITHOUT_TTL_MS = 30_000;
const RETRY_MS = 5_000;
/** An update waits for the first result, and the system's resolver may take minutes to give up. */
export const RESOLVE_TIMEOUT_MS = 10_000;

export interface Resolution {
  readonly addresses: readonly string[];
  readonly ttlMs: number;
}

/** Resolves a name; throws when it has no address. Replaced in tests. */
export type Resolve = (hostname: string) => Promise<Resolution>;

/** By DNS with TTLs; names that DNS does not have, by the system's resolver. */
export const resolveByDns: Resolve = (hostname) => resolve(hostname, hostname);

/** The same without the system's search domains. */
export const resolveCompleteName: Resolve = (hostname) => resolve(hostname, `${hostname}.`);

/** `systemName`: the name for the system's resolver. */
async function resolve(hostname: string, systemName: string): Promise<Resolution> {
  const answers = await Promise.allSettled([
    dns.resolve4(hostname, { ttl: true }),
    dns.resolve6(hostname, { ttl: true }),
  ]);
  const records = answers.flatMap((answer): RecordWithTtl[] =>
    answer.status === 'fulfilled' ? answer.value : [],
  );
  if (records.length > 0) {
    const ttlMs = Math.min(...records.map((record) => record.ttl)) * 1_000;
    return { addresses: records.map((record) => record.address), ttlMs };
  }
  const found = await dns.lookup(systemName, { all: true });
  return { addresses: found.map(({ address }) => address), ttlMs: REFRESH_WITHOUT_TTL_MS };
}

export interface DnsTarget {
  readonly hostname: string;
  readonly port: number;
}

export class DnsDiscovery {
  readonly #target: DnsTarget;
  readonly #onEndpoints: (endpoints: readonly Endpoint[]) => void;
  readonly #logger: Logger;
  readonly #resolve: Resolve;
  #timer: NodeJS.Timeout | null = null;
  #isStopped = false;

  constructor(
    target: DnsTarget,
    onEndpoints: (endpoints: readonly Endpoint[]) => void,
    logger: Logger,
    resolve: Resolve = resolveByDns,
  ) {
    this.#target = target;
    this.#onEndpoints = onEndpoints;
    this.#logger = logger;
    this.#resolve = resolve;
  }

  /** Resolves after the first result or failure. */
  async start(): Promise<void> {
    const { hostname } = this.#target;
    if (isIP(hostname) === 0) await this.#refresh();
    else this.#publish([hostname]);
  }

  stop(): void {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  async #refresh(): Promise<void> {
    let delayMs = RETRY_MS;
    try {
      const { addresses, ttlMs } = await this.#resolveInTime();
      if (this.#isStopped) return;
      delayMs = Math.min(MAX_REFRESH_MS, Math.max(MIN_REFRESH_MS, ttlMs));
      this.#publish(addresses);
    } catch (error) {
      // Keep the known addresses: a broken resolver must not remove a working backend.
      this.#logger.warn('name of a backend does not resolve', {
        hostname: this.#target.hostname,
        error: error instanceof Error ? error.message : String(error),
      });
    }
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => void this.#refresh(), delayMs).unref();
  }

  async #resolveInTime(): Promise<Resolution> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      late.reject(new Error(`no answer within ${String(RESOLVE_TIMEOUT_MS)} ms`));
    }, RESOLVE_TIMEOUT_MS);
    try {
      return await Promise.race([this.#resolve(this.#target.hostname), late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  #publish(addresses: readonly string[]): void {
    const unique = [...new Set(addresses)].sort();
    this.#onEndpoints(
      unique.map((address) => ({ address, port: this.#target.port, state: 'ready', zone: null })),
    );
  }
}
