/**
 * Secrets or ConfigMaps that an object refers to, read by name. For all others, only metadata is watched: the watch reports when
 * one changes, and an unreferenced object is never read.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { ApiError, type KubeClient, type KubeObject } from '../../kubeapi/client.ts';
import { KindCache } from '../../kubeapi/kind-cache.ts';
import { apiVersionOf, objectPath, type KindInfo } from '../../kubeapi/kind-info.ts';
import type { Logger } from '../../telemetry/logger.ts';

export interface ReferencedObjectsOptions {
  readonly client: KubeClient;
  readonly kind: KindInfo;
  readonly namespaces: readonly string[] | null;
  /** Excluded from the metadata watch. */
  readonly fieldSelector?: string;
  readonly logger: Logger;
  readonly onChange: () => void;
}

interface Content {
  /** The version of the metadata for which it was read. */
  readonly readFor: string;
  /** null: it could not be read. */
  readonly object: KubeObject | null;
}

const PARALLEL_READS = 8;
const RETRY_MS = 2_000;

export class ReferencedObjects {
  readonly #options: ReferencedObjectsOptions;
  readonly #index: KindCache;
  readonly #contents = new Map<string, Content>();
  readonly #reading = new Map<string, string>();
  readonly #stop = new AbortController();
  #wanted: ReadonlySet<string> = new Set();
  #objects: readonly KubeObject[] | null = null;

  constructor(options: ReferencedObjectsOptions) {
    this.#options = options;
    this.#index = new KindCache({
      ...options,
      metadataOnly: true,
      onChange: () => {
        if (!this.#index.synced) return;
        this.#read();
        // Before any reference is known, the owner waits for the index itself.
        if (this.#wanted.size === 0 || this.#dropAbsent()) options.onChange();
      },
    });
  }

  get synced(): boolean {
    return this.#index.synced;
  }

  /** True when every wanted object has been read, does not exist, or cannot be read. */
  get complete(): boolean {
    return [...this.#wanted].every((key) => {
      const version = this.#versionOf(key);
      return version === null || this.#contents.get(key)?.readFor === version;
    });
  }

  /** The same array until something changes. */
  objects(): readonly KubeObject[] {
    this.#objects ??= [...this.#contents.values()].flatMap(({ object }) => (object === null ? [] : [object]));
    return this.#objects;
  }

  /** Sets the wanted objects (`namespace/name`). */
  want(wanted: ReadonlySet<string>): void {
    this.#wanted = wanted;
    for (const key of this.#contents.keys()) if (!wanted.has(key)) this.#forget(key);
    this.#dropAbsent();
    this.#read();
  }

  start(): void {
    this.#index.start();
  }

  stop(): void {
    this.#stop.abort();
    this.#index.stop();
  }

  #versionOf(key: string): string | null {
    const [namespace = '', name = ''] = key.split('/');
    return this.#index.get(namespace, name)?.metadata.resourceVersion ?? null;
  }

  #forget(key: string): void {
    if (this.#contents.delete(key)) this.#objects = null;
  }

  /** Drops objects that no longer exist; true if there were any. */
  #dropAbsent(): boolean {
    const absent = [...this.#contents.keys()].filter((key) => this.#versionOf(key) === null);
    for (const key of absent) this.#forget(key);
    return absent.length > 0;
  }

  #read(): void {
    for (const key of this.#wanted) {
      if (this.#reading.size >= PARALLEL_READS) return;
      const version = this.#versionOf(key);
      if (version === null || this.#reading.has(key) || this.#contents.get(key)?.readFor === version)
        continue;
      this.#reading.set(key, version);
      void this.#readOne(key, version).finally(() => {
        this.#reading.delete(key);
        if (this.#stop.signal.aborted) return;
        this.#read();
        this.#options.onChange();
      });
    }
  }

  async #readOne(key: string, readFor: string): Promise<void> {
    const { client, kind, logger } = this.#options;
    const [namespace = '', name = ''] = key.split('/');
    try {
      const { signal } = this.#stop;
      const path = objectPath(kind, namespace, name);
      const object = (await client.call({ method: 'GET', path, signal })) as KubeObject;
      this.#take(key, { readFor, object: { ...object, apiVersion: apiVersionOf(kind), kind: kind.kind } });
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      // Deleted meanwhile: the watch will report it as well.
      if (error instanceof ApiError && error.status === 404) this.#take(key, { readFor, object: null });
      else {
        logger.warn('not read, trying again', { kind: kind.kind, object: key, error: String(error) });
        // The previous content stays in use: one Secret must neither block the others nor stop its own traffic.
        this.#take(key, { readFor, object: this.#contents.get(key)?.object ?? null });
        void this.#readAgain(key, readFor);
      }
    }
  }

  #take(key: string, content: Content): void {
    if (!this.#wanted.has(key)) return;
    this.#contents.set(key, content);
    this.#objects = null;
  }

  async #readAgain(key: string, readFor: string): Promise<void> {
    await delay(RETRY_MS * (0.5 + Math.random()), undefined, { signal: this.#stop.signal }).catch(
      () => undefined,
    );
    const content = this.#contents.get(key);
    if (this.#stop.signal.aborted || content?.readFor !== readFor) return;
    this.#contents.set(key, { ...content, readFor: '' });
    this.#read();
  }
}
