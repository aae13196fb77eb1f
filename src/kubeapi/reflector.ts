/**
 * A local copy of one kind's objects, kept true by list and watch: bookmarks, relist when the version has expired (410),
 * backoff with jitter when the server is away. The copy stays in force while it is.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../telemetry/logger.ts';
import { ApiError, type KubeClient, type KubeObject, type WatchEvent } from './client.ts';
import { collectionPath, type KindInfo } from './kind-info.ts';

const PAGE = 500;
const WATCH_SECONDS = 300;
const MIN_BACKOFF_MS = 200;
const MAX_BACKOFF_MS = 15_000;

export interface ReflectorOptions {
  readonly client: KubeClient;
  readonly kind: KindInfo;
  /** null = all namespaces. */
  readonly namespace: string | null;
  /** Only objects with these labels. */
  readonly labelSelector?: string;
  readonly logger: Logger;
  /** Only `metadata` of each object: for kinds whose content is read by name. */
  readonly metadataOnly?: boolean;
  /** The CRD may not be installed: an absent kind is an empty one, looked for again every minute. */
  readonly optional?: boolean;
  readonly onChange: () => void;
}

interface ObjectList {
  readonly metadata: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items: readonly KubeObject[] | null;
}

const ABSENT_KIND_RETRY_MS = 60_000;

export class Reflector {
  readonly #options: ReflectorOptions;
  readonly #abort = new AbortController();
  #objects = new Map<string, KubeObject>();
  #synced = false;
  #resourceVersion = '';

  constructor(options: ReflectorOptions) {
    this.#options = options;
  }

  /** True once the first list is in (or the kind is known to be absent). */
  get synced(): boolean {
    return this.#synced;
  }

  objects(): Iterable<KubeObject> {
    return this.#objects.values();
  }

  get(namespace: string, name: string): KubeObject | undefined {
    return this.#objects.get(`${namespace}/${name}`);
  }

  start(): void {
    void this.#run();
  }

  stop(): void {
    this.#abort.abort();
  }

  async #run(): Promise<void> {
    let backoffMs = MIN_BACKOFF_MS;
    const { signal } = this.#abort;
    for (;;) {
      try {
        if (this.#resourceVersion === '') await this.#list();
        await this.#watch();
        if (signal.aborted) return;
        backoffMs = MIN_BACKOFF_MS;
      } catch (error) {
        if (signal.aborted) return;
        const waitMs = this.#afterFailure(error, backoffMs);
        backoffMs = Math.min(backoffMs * 2, MAX_BACKOFF_MS);
        await delay(waitMs * (0.5 + Math.random()), undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /** How long to wait before the next try. */
  #afterFailure(error: unknown, backoffMs: number): number {
    const { kind, logger, optional } = this.#options;
    if (error instanceof ApiError && error.status === 410) {
      this.#resourceVersion = '';
      return 0;
    }
    if (error instanceof ApiError && error.status === 404 && optional === true) {
      this.#replace(new Map());
      return ABSENT_KIND_RETRY_MS;
    }
    logger.warn('watch interrupted', {
      kind: kind.kind,
      error: error instanceof Error ? error.message : String(error),
    });
    return backoffMs;
  }

  #selection(): Record<string, string> {
    const { labelSelector } = this.#options;
    return labelSelector === undefined ? {} : { labelSelector };
  }

  #accept(): string | undefined {
    return this.#options.metadataOnly === true
      ? 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1'
      : undefined;
  }

  async #list(): Promise<void> {
    const { client, kind, namespace } = this.#options;
    const accept = this.#accept();
    const objects = new Map<string, KubeObject>();
    let next = '';
    do {
      const page = (await client.call({
        method: 'GET',
        path: collectionPath(kind, namespace),
        query: { limit: String(PAGE), ...this.#selection(), ...(next === '' ? {} : { continue: next }) },
        signal: this.#abort.signal,
        ...(accept === undefined ? {} : { accept }),
      })) as ObjectList;
      for (const item of page.items ?? []) objects.set(keyOf(item), this.#complete(item));
      next = page.metadata.continue ?? '';
      this.#resourceVersion = page.metadata.resourceVersion ?? '';
    } while (next !== '');
    this.#replace(objects);
  }

  #replace(objects: Map<string, KubeObject>): void {
    this.#objects = objects;
    this.#synced = true;
    this.#options.onChange();
  }

  async #watch(): Promise<void> {
    const { client, kind, namespace } = this.#options;
    const accept = this.#accept()?.replace('MetadataList', 'Metadata');
    const events = client.watch({
      path: collectionPath(kind, namespace),
      query: {
        watch: 'true',
        allowWatchBookmarks: 'true',
        ...this.#selection(),
        resourceVersion: this.#resourceVersion,
        // Spread, so that a restarted API server is not asked by all at once.
        timeoutSeconds: String(Math.floor(WATCH_SECONDS * (1 + Math.random()))),
      },
      signal: this.#abort.signal,
      ...(accept === undefined ? {} : { accept }),
    });
    for await (const event of events) this.#apply(event);
  }

  #apply({ type, object }: WatchEvent): void {
    if (type === 'ERROR')
      throw new ApiError(object.code ?? 500, object.reason ?? '', object.message ?? 'watch error');
    this.#resourceVersion = object.metadata.resourceVersion ?? this.#resourceVersion;
    if (type === 'BOOKMARK') return;
    if (type === 'DELETED') this.#objects.delete(keyOf(object));
    else this.#objects.set(keyOf(object), this.#complete(object));
    this.#options.onChange();
  }

  /** Items of a list come without apiVersion and kind; managedFields are half of an object's size and never read. */
  #complete(object: KubeObject): KubeObject {
    const { kind } = this.#options;
    const metadata: KubeObject['metadata'] & { managedFields?: unknown } = object.metadata;
    delete metadata.managedFields;
    const apiVersion = kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
    return { ...object, apiVersion, kind: kind.kind };
  }
}

const keyOf = ({ metadata }: KubeObject): string => `${metadata.namespace ?? ''}/${metadata.name}`;
