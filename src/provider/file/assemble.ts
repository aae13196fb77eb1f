/** Valid objects to a snapshot: sorted by kind, namespaces that are used but not declared implied. */
import type { ObjectRef } from '../../gatewayapi/ref.ts';
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import type { JsonObject } from '../../gatewayapi/validation/schema.ts';
import { withNameLabel } from './read-object.ts';
import { isSnapshotKind, SNAPSHOT_MEMBERS } from './snapshot-members.ts';

/**
 * `refs` and `objects` pair up; each ref occurs once. Kinds that no member holds are left out. `implied` remembers the namespaces made
 * up here, so that they are the same objects in the next snapshot.
 */
export function assembleSnapshot(
  entries: Iterable<readonly [ObjectRef, JsonObject]>,
  implied = new Map<string, JsonObject>(),
): ResourceSnapshot {
  const lists = Object.fromEntries(
    Object.values(SNAPSHOT_MEMBERS).map((member) => [member, [] as JsonObject[]]),
  ) as Record<keyof ResourceSnapshot, JsonObject[]>;
  const used = new Set<string>();
  const declared = new Set<string>();
  for (const [ref, object] of entries) {
    if (!isSnapshotKind(ref.kind)) continue;
    lists[SNAPSHOT_MEMBERS[ref.kind]].push(object);
    if (ref.kind === 'Namespace') declared.add(ref.name);
    else if (ref.namespace !== '') used.add(ref.namespace);
  }
  for (const name of used) {
    if (declared.has(name)) continue;
    const namespace = implied.get(name) ?? impliedNamespace(name);
    implied.set(name, namespace);
    lists.namespaces.push(namespace);
  }
  // Validation has seen to it that each object has the shape of its kind.
  return lists as unknown as ResourceSnapshot;
}

const impliedNamespace = (name: string): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: withNameLabel({ name }),
});
