/** The key sets of the active configuration, parsed once and shared by all rules that use them. */
import type { KeySetId } from '../ir/ids.ts';
import type { KeySetDefinition } from '../ir/key-set.ts';
import { parseJwkSet } from '../lib/jwk-set.ts';
import type { KeySetFeed } from './key-set-feed.ts';
import { KeySet } from './key-set.ts';

/** Requests that wait for one key set at a time; others are refused at once. */
const MAX_WAITING = 256;
const WAIT_MS = 2_000;

/** A key set that changes under the rules that use it. */
export class FollowedKeySet {
  /** Another object when its keys change; null: never fetched. */
  keys: KeySet | null = null;
  readonly #refetch: () => Promise<void>;
  #jwks: string | null = null;
  #waiting = 0;

  constructor(jwks: string | null, refetch: () => Promise<void>) {
    this.#refetch = refetch;
    this.update(jwks);
  }

  update(jwks: string | null): void {
    if (jwks === this.#jwks) return;
    this.#jwks = jwks;
    const parsed = jwks === null ? null : parseJwkSet(jwks);
    this.keys = parsed?.ok === true ? new KeySet(parsed.value.keys) : null;
  }

  /** Resolves when newer keys may be there, after 2 s at the latest. Never rejects. */
  async waitForNewer(): Promise<void> {
    if (this.#waiting >= MAX_WAITING) return;
    this.#waiting += 1;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(done, WAIT_MS);
      this.#refetch().then(done, done);
    });
    this.#waiting -= 1;
  }
}

export class KeySets {
  readonly #feed: KeySetFeed;
  #followed: ReadonlyMap<KeySetId, FollowedKeySet> = new Map();

  constructor(feed: KeySetFeed) {
    this.#feed = feed;
    feed.onChange((id) => {
      this.#followed.get(id)?.update(feed.jwksOf(id));
    });
  }

  /** Follows these and no others. Key sets that are followed already stay the same objects. */
  update(definitions: readonly KeySetDefinition[]): void {
    const before = this.#followed;
    if (before.size === 0 && definitions.length === 0) return;
    this.#feed.follow(definitions);
    this.#followed = new Map(
      definitions.map((definition) => [definition.id, before.get(definition.id) ?? this.#start(definition)]),
    );
  }

  #start({ id, source }: KeySetDefinition): FollowedKeySet {
    if (source.kind === 'inline') return new FollowedKeySet(source.jwks, () => Promise.resolve());
    return new FollowedKeySet(this.#feed.jwksOf(id), () => this.#feed.refetch(id));
  }

  /** null: the configuration does not define it. */
  get(id: KeySetId): FollowedKeySet | null {
    return this.#followed.get(id) ?? null;
  }
}
