/** Which Secrets and ConfigMaps objects refer to: nothing else of these kinds is read. Pure. */
import type { KubeObject } from '../../kubeapi/client.ts';

export type ReferredKind = 'Secret' | 'ConfigMap';

/** `namespace/name`, by kind. */
export type References = Readonly<Record<ReferredKind, ReadonlySet<string>>>;

interface Reference {
  readonly kind: ReferredKind;
  readonly key: string;
}

/** Remembers what it found in an object, since most objects are the same from one look to the next. */
export class ReferenceFinder {
  readonly #found = new WeakMap<KubeObject, readonly Reference[]>();

  /** Of all these objects together. */
  find(objects: Iterable<KubeObject>): References {
    const references = { Secret: new Set<string>(), ConfigMap: new Set<string>() };
    for (const object of objects) {
      for (const { kind, key } of this.#in(object)) references[kind].add(key);
    }
    return references;
  }

  #in(object: KubeObject): readonly Reference[] {
    let found = this.#found.get(object);
    if (found === undefined) {
      const { spec } = object as KubeObject & { readonly spec?: unknown };
      found = [...referencesIn(spec, object.metadata.namespace ?? '')];
      this.#found.set(object, found);
    }
    return found;
  }
}

/**
 * A reference is any object with a name and one of our kinds, wherever it stands: the API server has filled in the kinds that
 * users may leave out, and a field that some later version adds is found as well.
 */
function* referencesIn(value: unknown, namespace: string): Generator<Reference> {
  if (typeof value !== 'object' || value === null) return;
  const { kind, name, group = '', namespace: named } = value as Readonly<Record<string, unknown>>;
  if ((kind === 'Secret' || kind === 'ConfigMap') && typeof name === 'string' && group === '') {
    yield { kind, key: `${typeof named === 'string' ? named : namespace}/${name}` };
  }
  for (const member of Object.values(value)) yield* referencesIn(member, namespace);
}
