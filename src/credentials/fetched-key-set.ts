/** One key set of a provider, kept fresh: fetched in the background, and again when a token names an unknown key. */
import type { Logger } from '../telemetry/logger.ts';
import { fetchKeySet, type RemoteKeySetSource } from './fetch-key-set.ts';

export interface KeySetTimes {
  readonly refreshMs: number;
  /** First wait after a failure; it doubles up to `refreshMs`. */
  readonly retryMs: number;
  readonly maxRetryMs: number;
  /** Between two fetches on request. */
  readonly refetchMs: number;
}

export const KEY_SET_TIMES: KeySetTimes = {
  refreshMs: 300_000,
  retryMs: 1_000,
  maxRetryMs: 30_000,
  refetchMs: 10_000,
};

export interface FetchedKeySetOptions {
  readonly id: string;
  readonly source: RemoteKeySetSource;
  readonly logger: Logger;
  readonly times: KeySetTimes;
  /** The first fetch has ended, or a later one found other keys. */
  readonly onChange: () => void;
}

export class FetchedKeySet {
  /** The last good key set; null: none was ever fetched. */
  jwks: string | null = null;
  /** Why the last fetch failed; null: it did not, or has not ended. */
  problem: string | null = null;
  readonly #options: FetchedKeySetOptions;
  #fetching: Promise<void> | null = null;
  #lastRefetchMs = -Infinity;
  #retryMs: number;
  #timer: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor(options: FetchedKeySetOptions) {
    this.#options = options;
    this.#retryMs = options.times.retryMs;
    this.#fetch();
  }

  /** Fetches unless that was asked for a moment ago; resolves when the fetch that is in flight, if any, has ended. */
  async refetch(): Promise<void> {
    const nowMs = performance.now();
    if (this.#fetching === null && nowMs - this.#lastRefetchMs >= this.#options.times.refetchMs) {
      this.#lastRefetchMs = nowMs;
      this.#fetch();
    }
    await this.#fetching;
  }

  close(): void {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #fetch(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#fetching = this.#update().finally(() => {
      this.#fetching = null;
    });
  }

  async #update(): Promise<void> {
    const { source, id, logger, onChange, times } = this.#options;
    const isFirst = this.jwks === null && this.problem === null;
    const result = await fetchKeySet(source);
    if (this.#isClosed) return;
    const { jwks, problem } = this;
    if (result.ok) {
      this.jwks = result.value;
      this.problem = null;
      this.#retryMs = times.retryMs;
      if (jwks !== result.value) logger.info('fetched a key set', { keySet: id });
    } else {
      this.problem = result.failure;
      logger.warn('a key set cannot be fetched', {
        keySet: id,
        problem: result.failure,
        kept: jwks !== null,
      });
    }
    if (isFirst || jwks !== this.jwks || (problem === null) !== (this.problem === null)) onChange();
    this.#schedule(result.ok);
  }

  #schedule(hasSucceeded: boolean): void {
    const { refreshMs, maxRetryMs } = this.#options.times;
    // Many proxies follow one provider: they do not ask it at the same moment.
    const waitMs = (hasSucceeded ? refreshMs : this.#retryMs) * (0.9 + Math.random() * 0.2);
    if (!hasSucceeded) this.#retryMs = Math.min(maxRetryMs, this.#retryMs * 2);
    this.#timer = setTimeout(() => {
      this.#fetch();
    }, waitMs).unref();
  }
}
