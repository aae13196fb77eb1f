/** Suggests a target for a reference to a missing object, from the existing ones. */
import type { Finding } from '../../gatewayapi/finding.ts';
import { GATEWAY_GROUP, describeRef, type ObjectRef } from '../../gatewayapi/ref.ts';
import { listOfKind } from '../../gatewayapi/kinds.ts';
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import { suggest } from '../../lib/suggest.ts';

interface Named {
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** null if no existing object was probably intended. */
export function hintForTarget({ code, object, target }: Finding, snapshot: ResourceSnapshot): string | null {
  if (target === undefined) return null;
  return code === 'missing-reference-grant'
    ? misplacedGrant(object, target, snapshot)
    : otherObject(object, target, snapshot);
}

function otherObject(from: ObjectRef, target: ObjectRef, snapshot: ResourceSnapshot): string | null {
  const list = listOfKind(target.kind);
  if (list === null) return null;
  const objects: readonly Named[] = snapshot[list];
  const elsewhere = objects.find(({ metadata }) => metadata.name === target.name);
  if (elsewhere !== undefined) return elsewhereHint(from, target, elsewhere.metadata.namespace ?? '');
  const near = suggest(
    target.name,
    objects
      .filter(({ metadata }) => (metadata.namespace ?? '') === target.namespace)
      .map(({ metadata }) => metadata.name),
  );
  return near === null ? null : `did you mean "${near}"?`;
}

function elsewhereHint(from: ObjectRef, target: ObjectRef, namespace: string): string {
  const found = describeRef({ ...target, namespace });
  const isParent = target.group === GATEWAY_GROUP;
  if (isParent || namespace === from.namespace) return `${found} exists: write "namespace: ${namespace}"`;
  return `${found} exists: move it to namespace ${target.namespace}, or write "namespace: ${namespace}" and create a ReferenceGrant there`;
}

/** A ReferenceGrant must be in the namespace of the objects that it lets others refer to. */
function misplacedGrant(from: ObjectRef, target: ObjectRef, snapshot: ResourceSnapshot): string | null {
  const grant = snapshot.referenceGrants.find(
    ({ metadata, spec }) =>
      metadata.namespace !== target.namespace &&
      spec.from.some(({ kind, namespace }) => kind === from.kind && namespace === from.namespace) &&
      spec.to.some(({ kind, name }) => kind === target.kind && (name === undefined || name === target.name)),
  );
  if (grant === undefined) return null;
  const name = `${grant.metadata.namespace ?? ''}/${grant.metadata.name}`;
  return `ReferenceGrant ${name} grants this, but must be in namespace ${target.namespace}, which it lets others refer to`;
}
