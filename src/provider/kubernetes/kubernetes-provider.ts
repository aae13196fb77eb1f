/**
 * Resources from a cluster, and statuses back to it. Every kind is a local copy kept by list and watch; any change leads to a new
 * snapshot, coalesced, of objects that stay the same (`===`) while nobody changes them.
 */
import type { ReferenceGrant } from '../../gatewayapi/generated/types.ts';
import type { StatusUpdate } from '../../gatewayapi/status.ts';
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import type { KubeClient, KubeObject } from '../../kubeapi/client.ts';
import { KindCache } from '../../kubeapi/kind-cache.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Provider, ProviderListener } from '../provider.ts';
import { isReferred, KINDS, kindNamed, REFERRING, RESOURCE_NAMES, type ResourceName } from './kinds.ts';
import { ReferencedObjects } from './referenced-objects.ts';
import { MAX_REFERRED, ReferenceFinder } from './references.ts';
import { StatusWriter } from './status-writer.ts';

export interface KubernetesProviderOptions {
  readonly client: KubeClient;
  readonly controllerName: string;
  /** Namespaces whose objects are served; null = all. */
  readonly namespaces: readonly string[] | null;
  readonly logger: Logger;
}

/** Changes come in bunches: an apply of many objects costs one snapshot each 20 ms, not one an object. */
const COALESCE_MS = 20;
/** The first change after a quiet time waits only for those that came with it. */
const GATHER_MS = 2;
/** Stored by package managers and the API server itself, large in number, and never a certificate. */
const SECRETS_OF_INTEREST = 'type!=helm.sh/release.v1,type!=kubernetes.io/service-account-token';

export class KubernetesProvider implements Provider {
  readonly #caches: ReadonlyMap<ResourceName, KindCache>;
  readonly #secrets: ReferencedObjects;
  readonly #configMaps: ReferencedObjects;
  readonly #finder = new ReferenceFinder();
  readonly #logger: Logger;
  #leftOut = 0;
  readonly #writer: StatusWriter;
  #listener: ProviderListener | null = null;
  #timer: NodeJS.Timeout | null = null;
  #publishedAtMs = -Infinity;
  #onFirst: (() => void) | null = null;
  #isLeader = false;
  #statuses: readonly StatusUpdate[] = [];

  constructor({ client, controllerName, namespaces, logger }: KubernetesProviderOptions) {
    this.#logger = logger;
    const onChange = (): void => {
      this.#schedule();
    };
    const common = { client, namespaces, logger, onChange };
    this.#caches = new Map(
      RESOURCE_NAMES.filter((name) => !isReferred(name)).map((name) => {
        const kind = KINDS[name];
        const isOurs = kind.group.startsWith('gateway.');
        const onSeen = (object: { readonly namespace: string; readonly name: string } | null): void => {
          this.#writer.seen(object === null ? null : { kind: kind.kind, ...object });
        };
        const options = { ...common, kind, optional: isOurs, withoutStatus: isOurs };
        return [name, new KindCache({ ...options, ...(isOurs ? { onSeen } : {}) })] as const;
      }),
    );
    this.#secrets = new ReferencedObjects({
      ...common,
      kind: KINDS.secrets,
      fieldSelector: SECRETS_OF_INTEREST,
    });
    this.#configMaps = new ReferencedObjects({ ...common, kind: KINDS.configMaps });
    this.#writer = new StatusWriter({
      client,
      controllerName,
      kindOf: ({ kind }) => KINDS[kindNamed(kind)],
      current: ({ kind, object }) =>
        this.#caches.get(kindNamed(kind))?.current(object.namespace, object.name),
      version: ({ kind, object }) =>
        this.#caches.get(kindNamed(kind))?.versionOf(object.namespace, object.name),
      now: () => new Date(),
      logger,
    });
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
      for (const cache of this.#caches.values()) cache.start();
      this.#secrets.start();
      this.#configMaps.start();
    });
  }

  writeStatus(updates: readonly StatusUpdate[]): void {
    this.#statuses = updates;
    if (this.#isLeader) this.#writer.write(updates);
  }

  async close(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#listener = null;
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
    const isListed = [...this.#caches.values()].every(({ synced }) => synced);
    if (!isListed || !this.#secrets.synced || !this.#configMaps.synced) return;
    this.#readReferred();
    if (!this.#secrets.settled || !this.#configMaps.settled) return;
    this.#publishedAtMs = performance.now();
    this.#listener?.onSnapshot(this.#snapshot());
    this.#onFirst?.();
    this.#onFirst = null;
  }

  #readReferred(): void {
    const { Secret, ConfigMap, leftOut } = this.#finder.find(
      REFERRING.flatMap((name) => this.#caches.get(name)?.objects() ?? []),
      (this.#caches.get('referenceGrants')?.objects() ?? []) as unknown as readonly ReferenceGrant[],
    );
    this.#secrets.want(Secret);
    this.#configMaps.want(ConfigMap);
    if (leftOut === this.#leftOut) return;
    this.#leftOut = leftOut;
    if (leftOut === 0) return;
    this.#logger.warn('too many Secrets and ConfigMaps are referred to; the newest references are not read', {
      leftOut,
      limit: MAX_REFERRED,
    });
  }

  #snapshot(): ResourceSnapshot {
    const lists = [...this.#caches].map(([name, cache]) => [name, cache.objects()] as const);
    const referred = { secrets: this.#secrets.objects(), configMaps: this.#configMaps.objects() };
    // The API server has seen to it that each object has the shape of its kind.
    return { ...Object.fromEntries(lists), ...referred } as unknown as ResourceSnapshot;
  }
}
