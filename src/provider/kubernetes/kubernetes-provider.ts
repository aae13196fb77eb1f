/**
 * Resources from a cluster, and statuses back to it. Every kind is a local copy kept by list and watch; any change leads to a new
 * snapshot, coalesced, of objects that stay the same (`===`) while nobody changes them.
 */
import type { ReferenceGrant } from '../../gatewayapi/generated/types.ts';
import type { StatusUpdate } from '../../gatewayapi/status.ts';
import type { ResourceSnapshot, UnreadableKind } from '../../gatewayapi/snapshot.ts';
import type { KubeClient, KubeObject } from '../../kubeapi/client.ts';
import { KindCache } from '../../kubeapi/kind-cache.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Provider, ProviderListener } from '../provider.ts';
import {
  isOurs,
  isReferred,
  KINDS,
  kindNamed,
  REFERRING,
  RESOURCE_NAMES,
  type ResourceName,
} from './kinds.ts';
import { ReferencedObjects } from './referenced-objects.ts';
import { MAX_REFERRED, ReferenceFinder } from './references.ts';
import { ObjectReader } from './object-reader.ts';
import { ServedKinds } from './served-kinds.ts';
import { StatusWriter } from './status-writer.ts';

export interface KubernetesProviderOptions {
  readonly client: KubeClient;
  readonly controllerName: string;
  /** Namespaces whose objects are served; null = all. */
  readonly namespaces: readonly string[] | null;
  readonly logger: Logger;
  /** Kinds are served at other versions than before; see `unreadableKinds`. */
  readonly onServedKinds?: () => void;
}

/** Changes come in bunches: an apply of many objects costs one snapshot each 20 ms, not one an object. */
const COALESCE_MS = 20;
/** The first change after a quiet time waits only for those that came with it. */
const GATHER_MS = 2;
/** Stored by package managers and the API server itself, large in number, and never a certificate. */
const SECRETS_OF_INTEREST = 'type!=helm.sh/release.v1,type!=kubernetes.io/service-account-token';

export class KubernetesProvider implements Provider {
  readonly #options: KubernetesProviderOptions;
  readonly #served: ServedKinds;
  /** Empty until the served versions are known. */
  readonly #caches = new Map<ResourceName, KindCache>();
  readonly #readers = new Map<ResourceName, ObjectReader>();
  readonly #secrets: ReferencedObjects;
  readonly #configMaps: ReferencedObjects;
  readonly #finder = new ReferenceFinder();
  #leftOut = 0;
  readonly #writer: StatusWriter;
  #listener: ProviderListener | null = null;
  #timer: NodeJS.Timeout | null = null;
  #publishedAtMs = -Infinity;
  #onFirst: (() => void) | null = null;
  #isLeader = false;
  #statuses: readonly StatusUpdate[] = [];

  constructor(options: KubernetesProviderOptions) {
    this.#options = options;
    const { client, controllerName, namespaces, logger } = options;
    const onChange = (): void => {
      this.#schedule();
    };
    const common = { client, namespaces, logger, onChange };
    this.#served = new ServedKinds({
      client,
      logger,
      onChange: (names) => {
        // Before the start there is nothing to watch anew.
        if (this.#caches.size > 0) for (const name of names) this.#watch(name);
        options.onServedKinds?.();
      },
    });
    this.#secrets = new ReferencedObjects({
      ...common,
      kind: KINDS.secrets,
      fieldSelector: SECRETS_OF_INTEREST,
    });
    this.#configMaps = new ReferencedObjects({ ...common, kind: KINDS.configMaps });
    this.#writer = new StatusWriter({
      client,
      controllerName,
      kindOf: ({ kind }) => this.#served.kindOf(kindNamed(kind)),
      current: ({ kind, object }) =>
        this.#caches.get(kindNamed(kind))?.current(object.namespace, object.name),
      version: ({ kind, object }) =>
        this.#caches.get(kindNamed(kind))?.versionOf(object.namespace, object.name),
      now: () => new Date(),
      logger,
    });
  }

  /** Kinds that are installed in no version that Sluice reads. */
  get unreadableKinds(): readonly UnreadableKind[] {
    return this.#served.unreadable;
  }

  /** The object of a kind as last seen. */
  find(kind: string, namespace: string, name: string): KubeObject | undefined {
    return this.#caches.get(kindNamed(kind))?.get(namespace, name);
  }

  /** Only the leader writes; a new one writes what it has. */
  setLeader(isLeader: boolean): void {
    this.#isLeader = isLeader;
    if (isLeader) this.#writer.write(this.#statuses);
    else this.#writer.forget();
  }

  start(listener: ProviderListener): Promise<void> {
    this.#listener = listener;
    return new Promise((resolve) => {
      this.#onFirst = resolve;
      void this.#served.start().then(() => {
        if (this.#listener === null) return;
        for (const name of RESOURCE_NAMES) if (!isReferred(name)) this.#watch(name);
        this.#secrets.start();
        this.#configMaps.start();
      });
    });
  }

  /** At the version at which the kind is served now. Nothing is published until it has been listed. */
  #watch(name: ResourceName): void {
    this.#caches.get(name)?.stop();
    const { client, namespaces, logger } = this.#options;
    const kind = this.#served.kindOf(name);
    const cache = new KindCache({
      client,
      namespaces,
      logger,
      kind,
      onChange: () => {
        this.#schedule();
      },
      ...(isOurs(name)
        ? {
            optional: true,
            withoutStatus: true,
            onSeen: (object) => {
              this.#writer.seen(object === null ? null : { kind: kind.kind, ...object });
            },
          }
        : {}),
    });
    this.#caches.set(name, cache);
    cache.start();
  }

  writeStatus(updates: readonly StatusUpdate[]): void {
    this.#statuses = updates;
    if (this.#isLeader) this.#writer.write(updates);
  }

  async close(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#listener = null;
    this.#served.stop();
    for (const cache of this.#caches.values()) cache.stop();
    this.#secrets.stop();
    this.#configMaps.stop();
    await this.#writer.close();
  }

  #schedule(): void {
    const sinceMs = performance.now() - this.#publishedAtMs;
    this.#timer ??= setTimeout(
      () => {
        this.#timer = null;
        this.#publish();
      },
      Math.max(GATHER_MS, COALESCE_MS - sinceMs),
    );
  }

  /**
   * Nothing is published before every kind has been listed and what is referred to has been read: half a picture would take
   * traffic away.
   */
  #publish(): void {
    const isListed = this.#caches.size > 0 && [...this.#caches.values()].every(({ synced }) => synced);
    if (!isListed || !this.#secrets.synced || !this.#configMaps.synced) return;
    this.#readReferred();
    if (!this.#secrets.settled || !this.#configMaps.settled) return;
    this.#publishedAtMs = performance.now();
    const snapshot = this.#snapshot();
    this.#listener?.onFindings([...this.#readers.values()].flatMap(({ findings }) => findings));
    this.#listener?.onSnapshot(snapshot);
    this.#onFirst?.();
    this.#onFirst = null;
  }

  #readReferred(): void {
    const { Secret, ConfigMap, leftOut } = this.#finder.find(
      REFERRING.flatMap((name) => this.#caches.get(name)?.objects() ?? []),
      this.#readerOf('referenceGrants').read(
        this.#caches.get('referenceGrants')?.objects() ?? [],
      ) as unknown as readonly ReferenceGrant[],
    );
    this.#secrets.want(Secret);
    this.#configMaps.want(ConfigMap);
    if (leftOut === this.#leftOut) return;
    this.#leftOut = leftOut;
    if (leftOut === 0) return;
    this.#options.logger.warn(
      'too many Secrets and ConfigMaps are referred to; the newest references are not read',
      {
        leftOut,
        limit: MAX_REFERRED,
      },
    );
  }

  #snapshot(): ResourceSnapshot {
    const stored: readonly (readonly [ResourceName, readonly KubeObject[]])[] = [
      ...[...this.#caches].map(([name, cache]) => [name, cache.objects()] as const),
      ['secrets', this.#secrets.objects()],
      ['configMaps', this.#configMaps.objects()],
    ];
    const lists = stored.map(([name, objects]) => [name, this.#readerOf(name).read(objects)] as const);
    // The readers have brought each object to the shape of its kind.
    return Object.fromEntries(lists) as unknown as ResourceSnapshot;
  }

  #readerOf(name: ResourceName): ObjectReader {
    const reader = this.#readers.get(name) ?? new ObjectReader();
    this.#readers.set(name, reader);
    return reader;
  }
}
