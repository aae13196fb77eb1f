/**
 * Which Secrets and ConfigMaps objects refer to and may refer to: nothing else of these kinds is read. Pure.
 */
import type { Kind } from '../../gatewayapi/kind.ts';
import type { ReferenceGrant } from '../../gatewayapi/generated/types.ts';
import { groupOf, type ObjectRef } from '../../gatewayapi/ref.ts';
import { indexGrants, isGranted, type GrantIndex, type Referrer } from '../../gatewayapi/reference-grant.ts';
import type { KubeObject } from '../../kubeapi/client.ts';

export interface References {
  /** `namespace/name`, by kind. */
  readonly byKind: ReadonlyMap<string, ReadonlySet<string>>;
  /** Number of references above the limit, which are not read. */
  readonly leftOut: number;
}

/** Maximum number of objects of each kind, so that references cannot fill the memory of the controller. */
export const MAX_REFERRED = 16_384;

/** Memoizes the references of each object, since most objects do not change between two calls. */
export class ReferenceFinder {
  readonly #kinds: ReadonlyMap<string, Kind>;
  readonly #max: number;
  readonly #found = new WeakMap<KubeObject, readonly ObjectRef[]>();
  #grants: readonly ReferenceGrant[] = [];
  #index: GrantIndex = new Map();

  /** Finds references to objects of these kinds. */
  constructor(kinds: readonly Kind[], max = MAX_REFERRED) {
    this.#kinds = new Map(kinds.map((kind) => [kind.kind, kind]));
    this.#max = max;
  }

  /** The references of all these objects; above the limit, those of the oldest objects. */
  find(objects: readonly KubeObject[], grants: readonly ReferenceGrant[]): References {
    if (grants !== this.#grants) {
      this.#grants = grants;
      this.#index = indexGrants(grants);
    }
    const found = this.#collect(objects);
    // Sorting costs more than everything else, and is rarely needed.
    return found.leftOut === 0 ? found : this.#collect(oldestFirst(objects));
  }

  #collect(objects: readonly KubeObject[]): References {
    const byKind = new Map([...this.#kinds.keys()].map((kind) => [kind, new Set<string>()]));
    let leftOut = 0;
    for (const object of objects) {
      const from = referrerOf(object);
      for (const to of this.#in(object)) {
        const keys = byKind.get(to.kind);
        const key = `${to.namespace}/${to.name}`;
        if (keys === undefined || keys.has(key) || !isGranted(this.#index, from, to)) continue;
        if (keys.size < this.#max) keys.add(key);
        else leftOut += 1;
      }
    }
    return { byKind, leftOut };
  }

  #in(object: KubeObject): readonly ObjectRef[] {
    let found = this.#found.get(object);
    if (found === undefined) {
      const { spec } = object as KubeObject & { readonly spec?: unknown };
      found = [...this.#referencesIn(spec, object.metadata.namespace ?? '')];
      this.#found.set(object, found);
    }
    return found;
  }

  /**
   * A reference is an object at any depth with a name and one of these kinds, or with a name in a field such as `secretRef`. So a field
   * that a later version of a kind adds is found as well, and kinds that users may leave out the API server has filled in.
   */
  *#referencesIn(value: unknown, namespace: string, field = ''): Generator<ObjectRef> {
    if (typeof value !== 'object' || value === null) return;
    if (Array.isArray(value)) {
      for (const item of value) yield* this.#referencesIn(item, namespace, field);
      return;
    }
    const members = value as Readonly<Record<string, unknown>>;
    const { kind = this.#kindOfField(field), name, group = '', namespace: named } = members;
    const isRef = typeof kind === 'string' && typeof name === 'string' && typeof group === 'string';
    if (isRef && this.#kinds.get(kind)?.group === group) {
      yield { group, kind, namespace: typeof named === 'string' ? named : namespace, name };
    }
    for (const [key, member] of Object.entries(members)) yield* this.#referencesIn(member, namespace, key);
  }

  /** Of `clientSecretRef` Secret, of `configMapKeyRef` ConfigMap; null of any other field. */
  #kindOfField(field: string): string | null {
    const name = /^(.*?)(?:Key)?Refs?$/.exec(field)?.[1]?.toLowerCase();
    if (name === undefined) return null;
    return [...this.#kinds.keys()].find((kind) => name.endsWith(kind.toLowerCase())) ?? null;
  }
}

function referrerOf({ apiVersion, kind, metadata }: KubeObject): Referrer {
  return {
    group: groupOf(apiVersion),
    kind,
    namespace: metadata.namespace ?? '',
  };
}

const ageOf = ({ metadata }: KubeObject): string =>
  `${metadata.creationTimestamp ?? ''}\n${metadata.namespace ?? ''}/${metadata.name}`;

const oldestFirst = (objects: readonly KubeObject[]): readonly KubeObject[] =>
  objects.toSorted((a, b) => (ageOf(a) < ageOf(b) ? -1 : 1));
