/** The buckets of one limit by key, linked in the order in which they were last used. */
import { Bucket } from './bucket.ts';
import type { LimitSpec } from './limit.ts';

export class BucketTable {
  spec: LimitSpec;
  /** When the limit left the configuration; null: it has not. */
  retiredAtMs: number | null = null;
  /** Buckets that made room for others before they were full. */
  evicted = 0;
  readonly #byKey = new Map<string, Bucket>();
  /**
   * A map iterates over what it has lost since it last grew, so it cannot find its oldest entry at a fixed cost. Anchor of a ring: the
   * bucket after it was used longest ago.
   */
  readonly #ring: Bucket;

  constructor(spec: LimitSpec) {
    this.spec = spec;
    this.#ring = new Bucket('', this, 0);
  }

  get size(): number {
    return this.#byKey.size;
  }

  get(key: string): Bucket | undefined {
    return this.#byKey.get(key);
  }

  /** null: the table is empty. */
  get oldest(): Bucket | null {
    return this.#ring.newer === this.#ring ? null : this.#ring.newer;
  }

  add(key: string, nowMs: number): Bucket {
    const bucket = new Bucket(key, this, nowMs);
    this.#byKey.set(key, bucket);
    this.#link(bucket);
    return bucket;
  }

  /** The bucket is used now. */
  touch(bucket: Bucket): void {
    unlink(bucket);
    this.#link(bucket);
  }

  remove(bucket: Bucket): void {
    unlink(bucket);
    this.#byKey.delete(bucket.key);
  }

  #link(bucket: Bucket): void {
    const last = this.#ring.older;
    last.newer = bucket;
    bucket.older = last;
    bucket.newer = this.#ring;
    this.#ring.older = bucket;
  }
}

function unlink(bucket: Bucket): void {
  const { older, newer } = bucket;
  older.newer = newer;
  newer.older = older;
}
