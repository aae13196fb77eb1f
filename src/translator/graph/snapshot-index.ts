/** The snapshot by key: every lookup of the graph is one step, however many objects there are. */
import type { ConfigMap, EndpointSlice, Secret, Service } from '../../gatewayapi/core-kinds.ts';
import type { XBackend } from '../../gatewayapi/generated/types.ts';
import { namespacedName, type NamespacedName, type ObjectRef } from '../../gatewayapi/ref.ts';
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import type { Referrer } from '../faults/reference-faults.ts';
import { byName, keyOf, namespaceOf } from './object-key.ts';
import { indexGrants, isGranted, type GrantIndex } from './reference-grant.ts';

export const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';
const NAMESPACE_NAME_LABEL = 'kubernetes.io/metadata.name';

type Labels = Readonly<Record<string, string>>;

/** What judging an object may read of other objects. Kept this narrow so that reads can be recorded and replayed. */
export interface Lookup {
  service(namespace: string, name: string): Service | undefined;
  backend(namespace: string, name: string): XBackend | undefined;
  secret(namespace: string, name: string): Secret | undefined;
  configMap(namespace: string, name: string): ConfigMap | undefined;
  /** Whether `from` may refer to `to`: same namespace, or a ReferenceGrant says so. */
  granted(from: Referrer, to: ObjectRef): boolean;
}

export class SnapshotIndex implements Lookup {
  readonly #services: ReadonlyMap<NamespacedName, Service>;
  readonly #backends: ReadonlyMap<NamespacedName, XBackend>;
  readonly #secrets: ReadonlyMap<NamespacedName, Secret>;
  readonly #configMaps: ReadonlyMap<NamespacedName, ConfigMap>;
  readonly #slices = new Map<NamespacedName, EndpointSlice[]>();
  readonly #namespaceLabels = new Map<string, Labels>();
  readonly #grants: GrantIndex;

  constructor(snapshot: ResourceSnapshot) {
    this.#services = byKey(snapshot.services);
    this.#backends = byKey(snapshot.backends);
    this.#secrets = byKey(snapshot.secrets);
    this.#configMaps = byKey(snapshot.configMaps);
    this.#grants = indexGrants(snapshot.referenceGrants);
    for (const namespace of snapshot.namespaces) {
      this.#namespaceLabels.set(namespace.metadata.name, namespace.metadata.labels ?? {});
    }
    // By name, so that what wins among duplicates does not hang on the order of input.
    for (const slice of snapshot.endpointSlices.toSorted(byName)) {
      const service = slice.metadata.labels?.[SERVICE_NAME_LABEL];
      if (service === undefined) continue;
      const key = namespacedName(namespaceOf(slice), service);
      const known = this.#slices.get(key);
      if (known === undefined) this.#slices.set(key, [slice]);
      else known.push(slice);
    }
  }

  service(namespace: string, name: string): Service | undefined {
    return this.#services.get(namespacedName(namespace, name));
  }

  backend(namespace: string, name: string): XBackend | undefined {
    return this.#backends.get(namespacedName(namespace, name));
  }

  secret(namespace: string, name: string): Secret | undefined {
    return this.#secrets.get(namespacedName(namespace, name));
  }

  configMap(namespace: string, name: string): ConfigMap | undefined {
    return this.#configMaps.get(namespacedName(namespace, name));
  }

  granted(from: Referrer, to: ObjectRef): boolean {
    return from.namespace === to.namespace || isGranted(this.#grants, from, to);
  }

  endpointSlices(namespace: string, service: string): readonly EndpointSlice[] {
    return this.#slices.get(namespacedName(namespace, service)) ?? [];
  }

  /**
   * Labels of a namespace. The API server puts the name label on every namespace; here it is also there when no
   * Namespace object is given, as is usual outside of a cluster.
   */
  namespaceLabels(name: string): Labels {
    return { ...this.#namespaceLabels.get(name), [NAMESPACE_NAME_LABEL]: name };
  }
}

function byKey<T extends Parameters<typeof keyOf>[0]>(objects: readonly T[]): Map<NamespacedName, T> {
  return new Map(objects.map((object) => [keyOf(object), object]));
}
