/** References between objects, and the identity of one object. */

/** One object. `namespace` is `` for cluster-scoped kinds; `group` is `` for the core group. */
export interface ObjectRef {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

export const GATEWAY_GROUP = 'gateway.networking.k8s.io';
export const EXPERIMENTAL_GROUP = 'gateway.networking.x-k8s.io';
export const CORE_GROUP = '';
/** Sluice's own kinds. */
export const SLUICE_GROUP = 'gateway.sluice.dev';

/** The group of an apiVersion; `` for the core group. */
export const groupOf = (apiVersion: string): string =>
  apiVersion.slice(0, Math.max(0, apiVersion.indexOf('/')));

declare const brand: unique symbol;

/** `namespace/name`: the key of an object among those of its kind. */
export type NamespacedName = string & { readonly [brand]: 'NamespacedName' };

/** A namespaced name; neither part may hold a slash in Kubernetes, so the text is unambiguous. */
export function namespacedName(namespace: string, name: string): NamespacedName {
  return `${namespace}/${name}` as NamespacedName;
}

/** `Kind namespace/name` for messages people read. */
export function describeRef(ref: ObjectRef): string {
  return ref.namespace === '' ? `${ref.kind} ${ref.name}` : `${ref.kind} ${ref.namespace}/${ref.name}`;
}
