/** Builds a snapshot of valid objects: by kind, with implied namespaces that are used but not declared. */
import type { ObjectRef } from '../../gatewayapi/ref.ts';
import { REGISTRY, type KindRegistry } from '../../gatewayapi/kind-registry.ts';
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import type { JsonObject } from '../../gatewayapi/validation/schema.ts';
import { withNameLabel } from './read-object.ts';

/**
 * Each ref occurs once. Objects of unregistered kinds are omitted. `implied` keeps the namespaces created
 * here, so that they are the same objects in the next snapshot.
 */
export function assembleSnapshot(
  entries: Iterable<readonly [ObjectRef, JsonObject]>,
  implied = new Map<string, JsonObject>(),
  registry: KindRegistry = REGISTRY,
): ResourceSnapshot {
  const lists = new Map(
    registry.kinds.map(({ kind, list }) => [kind, { list, objects: [] as JsonObject[] }]),
  );
  const used = new Set<string>();
  const declared = new Set<string>();
  for (const [ref, object] of entries) {
    const list = lists.get(ref.kind);
    if (list === undefined) continue;
    list.objects.push(object);
    if (ref.kind === 'Namespace') declared.add(ref.name);
    else if (ref.namespace !== '') used.add(ref.namespace);
  }
  for (const name of used) {
    if (declared.has(name)) continue;
    const namespace = implied.get(name) ?? impliedNamespace(name);
    implied.set(name, namespace);
    lists.get('Namespace')?.objects.push(namespace);
  }
  const members = [...lists.values()].map(({ list, objects }) => [list, objects] as const);
  // Validation has checked that each object has the shape of its kind.
  return Object.fromEntries(members) as unknown as ResourceSnapshot;
}

const impliedNamespace = (name: string): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: withNameLabel({ name }),
});
