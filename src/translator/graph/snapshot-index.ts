/**
 * Indexes the snapshot by key, so the cost of a lookup does not depend on the number of objects. An update costs in proportion to
 * the change.
 */
import type { ConfigMap, EndpointSlice, Namespace, Secret, Service } from '../../gatewayapi/core-kinds.ts';
import type { XBackend } from '../../gatewayapi/generated/types.ts';
import { indexGrants, isGranted, type GrantIndex, type Referrer } from '../../gatewayapi/reference-grant.ts';
import { namespacedName, type NamespacedName, type ObjectRef } from '../../gatewayapi/ref.ts';
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import { diffByIdentity } from '../../lib/list-diff.ts';
import { compactArray } from '../../lib/compact-array.ts';
import { Defects } from '../contain.ts';
import { byName, keyOf, namespaceOf } from './object-key.ts';

/** Names the Service that an EndpointSlice belongs to. */
export const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';
const NAMESPACE_NAME_LABEL = 'kubernetes.io/metadata.name';

export type Labels = Readonly<Record<string, string>>;

/** The lookups of other objects that evaluating an object may use. The interface is narrow so that reads.ts can record and replay them. */
export interface Lookup {
  service(namespace: string, name: string): Service | undefined;
  backend(namespace: string, name: string): XBackend | undefined;
  secret(namespace: string, name: string): Secret | undefined;
  configMap(namespace: string, name: string): ConfigMap | undefined;
  /** Whether `from` may refer to `to`: both have the same namespace, or a ReferenceGrant allows it. */
  granted(from: Referrer, to: ObjectRef): boolean;
  /**
   * Labels of a namespace; the same object until they change. The API server sets the name label on every namespace; here it is also
   * set if there is no Namespace object, as is usual outside of a cluster.
   */
  namespaceLabels(name: string): Labels;
}

/** The snapshot's lists that lookups use. */
type IndexedLists = Pick<
  ResourceSnapshot,
  'services' | 'backends' | 'secrets' | 'configMaps' | 'referenceGrants' | 'namespaces' | 'endpointSlices'
>;

const NO_LISTS: IndexedLists = {
  services: [],
  backends: [],
  secrets: [],
  configMaps: [],
  referenceGrants: [],
  namespaces: [],
  endpointSlices: [],
};

export class SnapshotIndex implements Lookup {
  readonly #services = new KeyedObjects<Service>();
  readonly #backends = new KeyedObjects<XBackend>();
  readonly #secrets = new KeyedObjects<Secret>();
  readonly #configMaps = new KeyedObjects<ConfigMap>();
  readonly #namespaces = new KeyedObjects<Namespace>();
  readonly #slices = new Map<NamespacedName, readonly EndpointSlice[]>();
  /** Labels of namespaces without a Namespace object. */
  readonly #nameOnly = new Map<string, Labels>();
  readonly #defects: Defects;
  #grants: GrantIndex = new Map();
  #lists: IndexedLists = NO_LISTS;
  #generation = 0;

  constructor(defects = new Defects()) {
    this.#defects = defects;
  }

  /** The index of one snapshot. */
  static of(snapshot: ResourceSnapshot): SnapshotIndex {
    const index = new SnapshotIndex();
    index.update(snapshot);
    return index;
  }

  /** Increases whenever a lookup, except of endpoint slices, may have a new result. */
  get generation(): number {
    return this.#generation;
  }

  /** Switches to this snapshot. */
  update(snapshot: ResourceSnapshot): void {
    const before = this.#lists;
    const keyed = [
      this.#services.update(snapshot.services),
      this.#backends.update(snapshot.backends),
      this.#secrets.update(snapshot.secrets),
      this.#configMaps.update(snapshot.configMaps),
      this.#namespaces.update(snapshot.namespaces),
    ];
    if (snapshot.referenceGrants !== before.referenceGrants) {
      this.#grants = indexGrants(snapshot.referenceGrants, (grant, add) => {
        this.#defects.contain([grant, 'index'], add, () => undefined);
      });
    }
    if (keyed.includes(true) || snapshot.referenceGrants !== before.referenceGrants) this.#generation += 1;
    this.#updateSlices(before.endpointSlices, snapshot.endpointSlices);
    this.#lists = snapshot;
  }

  #updateSlices(before: readonly EndpointSlice[], after: readonly EndpointSlice[]): void {
    const { removed, added } = diffByIdentity(before, after);
    if (removed.length + added.length === 0) return;
    const gone = new Set(removed);
    const come = Map.groupBy(added, serviceOf);
    for (const service of new Set([...removed.map(serviceOf), ...come.keys()])) {
      if (service === null) continue;
      const kept = (this.#slices.get(service) ?? []).filter((slice) => !gone.has(slice));
      // By name, so the winner among duplicates does not depend on the order of the input.
      const slices = [...kept, ...(come.get(service) ?? [])].sort(byName);
      if (slices.length === 0) this.#slices.delete(service);
      else this.#slices.set(service, compactArray(slices));
    }
  }

  service(namespace: string, name: string): Service | undefined {
    return this.#services.get(namespace, name);
  }

  backend(namespace: string, name: string): XBackend | undefined {
    return this.#backends.get(namespace, name);
  }

  secret(namespace: string, name: string): Secret | undefined {
    return this.#secrets.get(namespace, name);
  }

  configMap(namespace: string, name: string): ConfigMap | undefined {
    return this.#configMaps.get(namespace, name);
  }

  granted(from: Referrer, to: ObjectRef): boolean {
    return isGranted(this.#grants, from, to);
  }

  /** The same array until one of them changes. */
  endpointSlices(namespace: string, service: string): readonly EndpointSlice[] {
    return this.#slices.get(namespacedName(namespace, service)) ?? NO_SLICES;
  }

  namespaceLabels(name: string): Labels {
    const namespace = this.#namespaces.get('', name);
    let labels = namespace === undefined ? this.#nameOnly.get(name) : LABELS_OF.get(namespace);
    if (labels === undefined) {
      labels = { ...namespace?.metadata.labels, [NAMESPACE_NAME_LABEL]: name };
      if (namespace === undefined) this.#nameOnly.set(name, labels);
      else LABELS_OF.set(namespace, labels);
    }
    return labels;
  }
}

const LABELS_OF = new WeakMap<Namespace, Labels>();
const NO_SLICES: readonly EndpointSlice[] = [];

/** The Service that a slice belongs to; null if the slice names none. */
export function serviceOf(slice: EndpointSlice): NamespacedName | null {
  const service = slice.metadata.labels?.[SERVICE_NAME_LABEL];
  return service === undefined ? null : namespacedName(namespaceOf(slice), service);
}

/** Objects of one kind by namespace and name. */
class KeyedObjects<T extends Parameters<typeof keyOf>[0]> {
  #list: readonly T[] = [];
  #byKey = new Map<NamespacedName, T>();

  get(namespace: string, name: string): T | undefined {
    return this.#byKey.get(namespacedName(namespace, name));
  }

  /** True when anything differs. */
  update(list: readonly T[]): boolean {
    const { removed, added } = diffByIdentity(this.#list, list);
    this.#list = list;
    for (const object of removed) this.#byKey.delete(keyOf(object));
    for (const object of added) this.#byKey.set(keyOf(object), object);
    // Of objects with the same name the last one counts.
    if (this.#byKey.size !== list.length)
      this.#byKey = new Map(list.map((object) => [keyOf(object), object]));
    return removed.length + added.length > 0;
  }
}
