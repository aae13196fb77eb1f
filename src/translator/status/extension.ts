import type { StatusUpdate } from '../../gatewayapi/status.ts';
import type { ExtensionNode } from '../extension/extension-kind.ts';
import { generationOf } from '../graph/object-key.ts';
import { accepted, atGeneration, notAccepted, resolvedRefs, unresolvedRefs } from './conditions.ts';

export function extensionStatus({ kind, object, ref, ...found }: ExtensionNode): StatusUpdate {
  const { faults, referenceFaults, warnings } = found;
  const generation = generationOf(object);
  const conditions = [
    faults.length === 0 ? accepted(`The ${kind.kind}`, warnings) : notAccepted(faults),
    referenceFaults.length === 0 ? resolvedRefs() : unresolvedRefs(referenceFaults),
  ];
  return {
    kind: kind.kind,
    object: ref,
    generation,
    status: { conditions: atGeneration(generation, conditions) },
  };
}
