/** The objects that ExtensionRef filters may refer to: read by themselves, and found by reference. */
import type { ObjectRef } from '../../gatewayapi/ref.ts';
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import { contain } from '../contain.ts';
import { internalError, schemaFaults } from '../faults/object-faults.ts';
import { byName, refOf, reuseNodes } from '../graph/object-key.ts';
import type { PolicyContext } from '../policy/policies.ts';
import type { ExtensionKind, ExtensionNode, ExtensionObject } from './extension-kind.ts';

/** By `extensionKey`. */
export type Extensions = ReadonlyMap<string, ExtensionNode>;

export const extensionKey = ({ group, kind, namespace, name }: ObjectRef): string =>
  [group, kind, namespace, name].join('/');

/** By kind in the order of the table, then by name. Nodes that are equal to those of `before` are reused. */
export function readExtensions(
  kinds: readonly ExtensionKind[],
  snapshot: ResourceSnapshot,
  { context, before }: { readonly context: PolicyContext; readonly before: Extensions | null },
): Extensions {
  const nodes = kinds.flatMap((kind) =>
    kind
      .objects(snapshot)
      .toSorted(byName)
      .map((object) => readExtension(object, kind, context)),
  );
  return new Map(reuseNodes(before?.values() ?? [], nodes).map((node) => [extensionKey(node.ref), node]));
}

function readExtension(
  object: ExtensionObject,
  kind: ExtensionKind,
  { lookup, options }: PolicyContext,
): ExtensionNode {
  const ref = refOf(object, kind.group);
  const node = { kind, object, ref, settings: null, referenceFaults: [], warnings: [] };
  return contain(
    () => {
      const violations = schemaFaults(object, 'Invalid');
      if (violations.length > 0) return { ...node, faults: violations };
      return { ...node, ...kind.read(object, { lookup, options, from: ref }) };
    },
    (error) => ({ ...node, faults: [internalError('', error, 'Invalid')] }),
  );
}
