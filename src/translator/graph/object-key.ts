import type { ObjectMeta } from '../../gatewayapi/object-meta.ts';
import { namespacedName, type NamespacedName, type ObjectRef } from '../../gatewayapi/ref.ts';
import { compareText } from '../../lib/compare.ts';
import { memoizeByKey } from '../../lib/memoize-by-key.ts';
import { reuseIfEqual } from '../../lib/reuse.ts';
import { contain } from '../contain.ts';

interface AnyObject {
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

export function namespaceOf(object: AnyObject): string {
  return object.metadata.namespace ?? '';
}

export function keyOf(object: AnyObject): NamespacedName {
  return namespacedName(namespaceOf(object), object.metadata.name);
}

export function refOf(object: AnyObject, group: string): ObjectRef {
  return { group, kind: object.kind, namespace: namespaceOf(object), name: object.metadata.name };
}

/** Objects that have never been written have no generation; they count as their first. */
export function generationOf(object: AnyObject): number {
  return object.metadata.generation ?? 1;
}

/**
 * The order of precedence among equals that the API uses everywhere: the oldest first, then by `namespace/name`.
 * RFC 3339 times in UTC, as the API server writes them, sort as text.
 */
export function byAge(a: AnyObject, b: AnyObject): number {
  return (
    compareText(a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? '') ||
    compareText(keyOf(a), keyOf(b))
  );
}

/** Text that sorts as `byAge` does. */
const ageKey = (object: AnyObject): string => `${object.metadata.creationTimestamp ?? ''}\n${keyOf(object)}`;

/** Text that sorts routes by age, then by name, then by kind. */
export const routeAge = memoizeByKey((object: AnyObject): string => `${ageKey(object)}\n${object.kind}`);

export function byName(a: AnyObject, b: AnyObject): number {
  return compareText(keyOf(a), keyOf(b));
}

/** The nodes of before if they are equal to the new ones, otherwise the new ones. */
export function reuseNodes<Node extends { readonly object: object }>(
  before: Iterable<Node>,
  after: readonly Node[],
): readonly Node[] {
  const known = new Map([...before].map((node) => [node.object, node]));
  return after.map((node) =>
    contain(
      () => reuseIfEqual(known.get(node.object), node),
      () => node,
    ),
  );
}
