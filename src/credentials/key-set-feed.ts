/** Key sets of providers, as those who verify tokens get them: fetched here, or by the supervisor for all workers. */
import type { KeySetId } from '../ir/ids.ts';
import type { KeySetDefinition } from '../ir/key-set.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { RemoteKeySetSource } from './fetch-key-set.ts';
import { FetchedKeySet, KEY_SET_TIMES, type KeySetTimes } from './fetched-key-set.ts';

export interface KeySetFeed {
  /** Follows the remote key sets among these, and no others. */
  follow(definitions: readonly KeySetDefinition[]): void;
  /** The last good key set; null: none was ever fetched. */
  jwksOf(id: KeySetId): string | null;
  /** Called after `jwksOf` of this key set has changed. */
  onChange(listener: (id: KeySetId) => void): void;
  /** Resolves when it has been fetched again, or is not to be fetched yet. Never rejects. */
  refetch(id: KeySetId): Promise<void>;
}

/** What a feed knows about one remote key set. */
export interface KeySetState {
  readonly id: KeySetId;
  readonly jwks: string | null;
  readonly problem: string | null;
}

export class FetchingFeed implements KeySetFeed {
  readonly #logger: Logger;
  readonly #times: KeySetTimes;
  readonly #followed = new Map<KeySetId, FetchedKeySet>();
  readonly #listeners: ((id: KeySetId) => void)[] = [];

  constructor(logger: Logger, times: KeySetTimes = KEY_SET_TIMES) {
    this.#logger = logger;
    this.#times = times;
  }

  follow(definitions: readonly KeySetDefinition[]): void {
    const wanted = new Map<KeySetId, RemoteKeySetSource>();
    for (const { id, source } of definitions) if (source.kind !== 'inline') wanted.set(id, source);
    for (const [id, followed] of this.#followed) {
      if (wanted.has(id)) continue;
      followed.close();
      this.#followed.delete(id);
    }
    for (const [id, source] of wanted) {
      if (!this.#followed.has(id)) this.#followed.set(id, this.#start(id, source));
    }
  }

  #start(id: KeySetId, source: RemoteKeySetSource): FetchedKeySet {
    return new FetchedKeySet({
      id,
      source,
      logger: this.#logger,
      times: this.#times,
      onChange: () => {
        for (const listener of this.#listeners) listener(id);
      },
    });
  }

  /** Of every key set that is followed. */
  get states(): readonly KeySetState[] {
    return [...this.#followed].map(([id, { jwks, problem }]) => ({ id, jwks, problem }));
  }

  jwksOf(id: KeySetId): string | null {
    return this.#followed.get(id)?.jwks ?? null;
  }

  onChange(listener: (id: KeySetId) => void): void {
    this.#listeners.push(listener);
  }

  async refetch(id: KeySetId): Promise<void> {
    await this.#followed.get(id)?.refetch();
  }

  close(): void {
    this.follow([]);
  }
}
