/**
 * A local copy of one kind's objects, kept current by list and watch: bookmarks, relist when the version has expired (410),
 * backoff with jitter while the server is unavailable. The copy stays in use meanwhile.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { canonicalJson } from '../lib/canonical-json.ts';
import type { Logger } from '../telemetry/logger.ts';
import { ApiError, type KubeClient, type KubeObject, type WatchEvent } from './client.ts';
import { apiVersionOf, collectionPath, type KindInfo } from './kind-info.ts';

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
  readonly fieldSelector?: string;
  readonly logger: Logger;
  /** Only `metadata` of each object: for kinds whose content is read by name. */
  readonly metadataOnly?: boolean;
  /** The CRD may not be installed: a missing kind has no objects, and is checked again every minute. */
  readonly optional?: boolean;
  /**
   * `objects()` have no status. A change of the status alone (mostly one that Sluice wrote) is not announced, and
   * the object stays the same one.
   */
  readonly withoutStatus?: boolean;
  readonly onChange: () => void;
  /** An object has a new version or was removed, whether that is a change or not; null: any object may have. */
  readonly onSeen?: (object: { readonly namespace: string; readonly name: string } | null) => void;
}

interface ObjectList {
  readonly metadata: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items: readonly KubeObject[] | null;
}

interface ObjectWithStatus extends KubeObject {
  readonly status?: object;
}

/** The object without its status and managed fields. */
interface Entry {
  readonly shown: KubeObject;
  readonly resourceVersion: string | undefined;
  readonly status: object | undefined;
}

const ABSENT_KIND_RETRY_MS = 60_000;
/** Written by `kubectl apply`, as large as the object, and never read here. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

export class Reflector {
  readonly #options: ReflectorOptions;
  readonly #abort = new AbortController();
  #entries = new Map<string, Entry>();
  /** `objects()` until the next change. */
  #shown: readonly KubeObject[] | null = null;
  #synced = false;
  #resourceVersion = '';

  constructor(options: ReflectorOptions) {
    this.#options = options;
  }

  /** True once the first list has been read (or the kind is known to be absent). */
  get synced(): boolean {
    return this.#synced;
  }

  /** The same array until something changes. */
  objects(): readonly KubeObject[] {
    this.#shown ??= [...this.#entries.values()].map(({ shown }) => shown);
    return this.#shown;
  }

  get(namespace: string, name: string): KubeObject | undefined {
    return this.#entries.get(`${namespace}/${name}`)?.shown;
  }

  /** The object with its newest version and status. */
  current(namespace: string, name: string): ObjectWithStatus | undefined {
    const entry = this.#entries.get(`${namespace}/${name}`);
    if (entry === undefined || this.#options.withoutStatus !== true) return entry?.shown;
    const { shown, resourceVersion, status } = entry;
    return {
      ...shown,
      metadata: { ...shown.metadata, ...(resourceVersion === undefined ? {} : { resourceVersion }) },
      ...(status === undefined ? {} : { status }),
    };
  }

  /** The newest resource version of an object. */
  versionOf(namespace: string, name: string): string | undefined {
    return this.#entries.get(`${namespace}/${name}`)?.resourceVersion;
  }

  start(): void {
    void this.#run();
  }

  stop(): void {
    this.#abort.abort();
  }

  #isStopped(): boolean {
    return this.#abort.signal.aborted;
  }

  async #run(): Promise<void> {
    let backoffMs = MIN_BACKOFF_MS;
    const { signal } = this.#abort;
    for (;;) {
      const startedMs = performance.now();
      let waitMs = 0;
      try {
        if (this.#resourceVersion === '') await this.#list();
        await this.#watch();
        // Do not restart a watch at once that ended at once.
        if (performance.now() - startedMs < MIN_BACKOFF_MS) waitMs = MIN_BACKOFF_MS;
        else backoffMs = MIN_BACKOFF_MS;
      } catch (error) {
        if (this.#isStopped()) return;
        if (performance.now() - startedMs > MAX_BACKOFF_MS) backoffMs = MIN_BACKOFF_MS;
        waitMs = this.#afterFailure(error, backoffMs);
        backoffMs = Math.min(backoffMs * 2, MAX_BACKOFF_MS);
      }
      await delay(waitMs * (0.5 + Math.random()), undefined, { signal }).catch(() => undefined);
      if (this.#isStopped()) return;
    }
  }

  /** Delay before the next attempt. */
  #afterFailure(error: unknown, backoffMs: number): number {
    const { kind, logger, optional } = this.#options;
    if (error instanceof ApiError && error.status === 410) {
      this.#resourceVersion = '';
      // At once the first time; later with a delay, so that the server is not asked in a loop.
      return backoffMs === MIN_BACKOFF_MS ? 0 : backoffMs;
    }
    if (error instanceof ApiError && error.status === 404 && optional === true) {
      this.#resourceVersion = '';
      if (!this.#synced || this.#entries.size > 0) this.#replace(new Map());
      return ABSENT_KIND_RETRY_MS;
    }
    logger.warn('watch interrupted', {
      kind: kind.kind,
      error: error instanceof Error ? error.message : String(error),
    });
    return backoffMs;
  }

  #selection(): Record<string, string> {
    const { labelSelector, fieldSelector } = this.#options;
    return {
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
    };
  }

  #accept(): string | undefined {
    return this.#options.metadataOnly === true
      ? 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1'
      : undefined;
  }

  async #list(): Promise<void> {
    const { client, kind, namespace } = this.#options;
    const accept = this.#accept();
    const entries = new Map<string, Entry>();
    let resourceVersion = '';
    let next = '';
    do {
      const page = (await client.call({
        method: 'GET',
        path: collectionPath(kind, namespace),
        query: { limit: String(PAGE), ...this.#selection(), ...(next === '' ? {} : { continue: next }) },
        signal: this.#abort.signal,
        ...(accept === undefined ? {} : { accept }),
      })) as ObjectList;
      for (const item of page.items ?? []) entries.set(keyOf(item), this.#entry(item));
      next = page.metadata.continue ?? '';
      resourceVersion = page.metadata.resourceVersion ?? '';
    } while (next !== '');
    this.#replace(entries);
    this.#resourceVersion = resourceVersion;
  }

  #replace(entries: Map<string, Entry>): void {
    this.#entries = entries;
    this.#synced = true;
    this.#options.onSeen?.(null);
    this.#changed();
  }

  #changed(): void {
    this.#shown = null;
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
        // Spread out, so that not all clients ask a restarted API server at once.
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
    const key = keyOf(object);
    const { namespace = '', name } = object.metadata;
    this.#options.onSeen?.({ namespace, name });
    if (type === 'DELETED') {
      if (this.#entries.delete(key)) this.#changed();
      return;
    }
    const before = this.#entries.get(key);
    const entry = this.#entry(object);
    this.#entries.set(key, entry);
    if (entry.shown !== before?.shown) this.#changed();
  }

  /**
   * Items of a list come without apiVersion and kind; managedFields are half of an object's size and never read. An object
   * whose content did not change keeps its identity, so that results memoized by it stay valid.
   */
  #entry(object: ObjectWithStatus): Entry {
    const { kind, withoutStatus } = this.#options;
    const { resourceVersion } = object.metadata;
    const { metadata, status, ...rest } = object;
    const complete = { ...rest, apiVersion: apiVersionOf(kind), kind: kind.kind, metadata: slim(metadata) };
    if (withoutStatus !== true) {
      const shown = status === undefined ? complete : { ...complete, status };
      return { shown: shown, resourceVersion, status: undefined };
    }
    const before = this.#entries.get(keyOf(object))?.shown;
    const isSame = before !== undefined && describesSame(before.metadata, complete.metadata);
    return { shown: isSame ? before : complete, resourceVersion, status };
  }
}

const keyOf = ({ metadata }: KubeObject): string => `${metadata.namespace ?? ''}/${metadata.name}`;

type Metadata = KubeObject['metadata'];

function slim(metadata: Metadata): Metadata {
  const rest = without(metadata, 'managedFields');
  const { annotations } = rest;
  if (annotations?.[LAST_APPLIED] === undefined) return rest;
  return { ...rest, annotations: without(annotations, LAST_APPLIED) };
}

/** A copy without one member. */
function without<Value extends object>(value: Value, member: string): Value {
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== member)) as Value;
}

/** The generation grows with every change except of metadata and status. */
function describesSame(a: Metadata, b: Metadata): boolean {
  if (a.generation === undefined || a.generation !== b.generation || a.uid !== b.uid) return false;
  return canonicalJson({ ...a, resourceVersion: '' }) === canonicalJson({ ...b, resourceVersion: '' });
}
