/**
 * Resources from a cluster, and statuses back to it. Every kind is a local copy kept by list and watch; any change leads to a new
 * snapshot, coalesced, whose objects keep their identity (`===`) while they do not change.
 */
import type { ReferenceGrant } from '../../gatewayapi/generated/types.ts';
import { isCustom } from '../../gatewayapi/kind.ts';
import { REGISTRY, type KindRegistry, type RegisteredKind } from '../../gatewayapi/kind-registry.ts';
import { KINDS } from '../../gatewayapi/kinds.ts';
import type { AnyStatusUpdate } from '../../gatewayapi/status.ts';
import type { ResourceSnapshot, UnreadableKind } from '../../gatewayapi/snapshot.ts';
import type { JsonObject } from '../../gatewayapi/validation/schema.ts';
import type { KubeClient, KubeObject } from '../../kubeapi/client.ts';
import { KindCache } from '../../kubeapi/kind-cache.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Provider, ProviderListener } from '../provider.ts';
import { kindAtVersion } from './kind-at-version.ts';
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
  /** Kinds to read; default: `KINDS`. */
  readonly registry?: KindRegistry;
  /** Kinds are served at other versions than before; see `unreadableKinds`. */
  readonly onServedKinds?: () => void;
}

/** Changes come in bursts: applying many objects costs one snapshot every 20 ms, not one per object. */
const COALESCE_MS = 20;
/** The first change after an idle time waits only for changes that arrive with it. */
const GATHER_MS = 2;
export class KubernetesProvider implements Provider {
  readonly #options: KubernetesProviderOptions;
  readonly #registry: KindRegistry;
  readonly #served: ServedKinds;
  /** Objects of watched kinds; empty until the served versions are known. */
  readonly #caches = new Map<RegisteredKind, KindCache>();
  /** Objects of kinds that are read only if others refer to them. */
  readonly #referenced: ReadonlyMap<RegisteredKind, ReferencedObjects>;
  readonly #readers: ReadonlyMap<RegisteredKind, ObjectReader>;
  readonly #finder: ReferenceFinder;
  #leftOut = 0;
  readonly #writer: StatusWriter;
  #listener: ProviderListener | null = null;
  #timer: NodeJS.Timeout | null = null;
  #publishedAtMs = -Infinity;
  #onFirst: (() => void) | null = null;
  #isLeader = false;
  #statuses: readonly AnyStatusUpdate[] = [];

  constructor(options: KubernetesProviderOptions) {
    this.#options = options;
    const { client, controllerName, namespaces, logger, registry = REGISTRY } = options;
    const onChange = (): void => {
      this.#schedule();
    };
    const common = { client, namespaces, logger, onChange };
    this.#registry = registry;
    this.#readers = new Map(registry.kinds.map((kind) => [kind, new ObjectReader(registry)]));
    this.#served = new ServedKinds({
      client,
      kinds: registry.custom,
      logger,
      onChange: (kinds) => {
        // Before the start no kind is watched yet.
        if (this.#caches.size > 0) for (const kind of kinds) this.#watch(this.#kindNamed(kind.kind));
        options.onServedKinds?.();
      },
    });
    const referenced = registry.kinds.filter(({ read }) => read === 'referenced');
    this.#finder = new ReferenceFinder(referenced);
    this.#referenced = new Map(
      referenced.map((kind) => {
        const selected = kind.fieldSelector === undefined ? {} : { fieldSelector: kind.fieldSelector };
        return [kind, new ReferencedObjects({ ...common, ...selected, kind: kindAtVersion(kind) })];
      }),
    );
    this.#writer = new StatusWriter({
      client,
      controllerName,
      kindOf: ({ kind }) => this.#served.infoOf(this.#kindNamed(kind)),
      current: ({ kind, object }) => this.#cacheOf(kind)?.current(object.namespace, object.name),
      version: ({ kind, object }) => this.#cacheOf(kind)?.versionOf(object.namespace, object.name),
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
    return this.#cacheOf(kind)?.get(namespace, name);
  }

  /** Only the leader writes; a new leader writes its current statuses. */
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
        for (const kind of this.#registry.kinds) if (!this.#referenced.has(kind)) this.#watch(kind);
        for (const objects of this.#referenced.values()) objects.start();
      });
    });
  }

  /** Throws for a kind that is not registered. */
  #kindNamed(name: string): RegisteredKind {
    const kind = this.#registry.named(name);
    if (kind === null) throw new Error(`${name} is not a kind that is read`);
    return kind;
  }

  #cacheOf(kind: string): KindCache | undefined {
    return this.#caches.get(this.#kindNamed(kind));
  }

  /** The reflector at the version that is served now. Nothing is published until it has listed. */
  #watch(kind: RegisteredKind): void {
    this.#caches.get(kind)?.stop();
    const { client, namespaces, logger } = this.#options;
    const cache = new KindCache({
      client,
      namespaces,
      logger,
      kind: this.#served.infoOf(kind),
      ...(kind.fieldSelector === undefined ? {} : { fieldSelector: kind.fieldSelector }),
      onChange: () => {
        this.#schedule();
      },
      ...(isCustom(kind)
        ? {
            optional: true,
            withoutStatus: true,
            onSeen: (object) => {
              this.#writer.seen(object === null ? null : { kind: kind.kind, ...object });
            },
          }
        : {}),
    });
    this.#caches.set(kind, cache);
    cache.start();
  }

  writeStatus(updates: readonly AnyStatusUpdate[]): void {
    this.#statuses = updates;
    if (this.#isLeader) this.#writer.write(updates);
  }

  async close(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#listener = null;
    this.#served.stop();
    for (const cache of this.#caches.values()) cache.stop();
    for (const objects of this.#referenced.values()) objects.stop();
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
   * Nothing is published before every kind has been listed and all referenced objects have been read: an incomplete snapshot would
   * interrupt traffic.
   */
  #publish(): void {
    const referenced = [...this.#referenced.values()];
    const copies = [...this.#caches.values(), ...referenced];
    if (this.#caches.size === 0 || !copies.every(({ synced }) => synced)) return;
    this.#readReferred();
    if (!referenced.every(({ complete }) => complete)) return;
    this.#publishedAtMs = performance.now();
    const snapshot = this.#snapshot();
    this.#listener?.onFindings([...this.#readers.values()].flatMap(({ findings }) => findings));
    this.#listener?.onSnapshot(snapshot);
    this.#onFirst?.();
    this.#onFirst = null;
  }

  #readReferred(): void {
    const referring = this.#registry.kinds.filter(({ followReferences }) => followReferences);
    const grants = this.#kindNamed(KINDS.referenceGrants.kind);
    const { byKind, leftOut } = this.#finder.find(
      referring.flatMap((kind) => this.#caches.get(kind)?.objects() ?? []),
      this.#read(grants, this.#caches.get(grants)?.objects() ?? []) as unknown as readonly ReferenceGrant[],
    );
    for (const [{ kind }, objects] of this.#referenced) objects.want(byKind.get(kind) ?? new Set());
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
    const lists = [...this.#caches, ...this.#referenced].map(
      ([kind, copy]) => [kind.list, this.#read(kind, copy.objects())] as const,
    );
    // The readers have converted each object to the shape of its kind.
    return Object.fromEntries(lists) as unknown as ResourceSnapshot;
  }

  #read(kind: RegisteredKind, objects: readonly KubeObject[]): readonly JsonObject[] {
    return this.#readers.get(kind)?.read(objects) ?? [];
  }
}
