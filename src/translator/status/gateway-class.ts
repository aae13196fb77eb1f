import type { Observations } from '../observations.ts';
import type { StatusUpdate } from '../../gatewayapi/status.ts';
import type { ClassNode } from '../graph/nodes.ts';
import { generationOf } from '../graph/object-key.ts';
import { accepted, atGeneration, notAccepted, versionSupported, versionUnsupported } from './conditions.ts';
import { SUPPORTED_FEATURES } from './supported-features.ts';

/** v1 bundles up to the one whose CRDs the types are generated from. */
const SUPPORTED_BUNDLE = /^v1\.[0-6]\.\d+(?:-.*)?$/;

export function gatewayClassStatus(
  node: ClassNode,
  { crdVersions = [], unreadableKinds = [] }: Observations,
): StatusUpdate {
  const generation = generationOf(node.object);
  const unknown = [...new Set(crdVersions)].filter((version) => !SUPPORTED_BUNDLE.test(version)).sort();
  const verdicts = [
    node.faults.length === 0 ? accepted('The GatewayClass') : notAccepted(node.faults),
    unknown.length + unreadableKinds.length === 0
      ? versionSupported()
      : versionUnsupported(unknown, unreadableKinds),
  ];
  return {
    kind: 'GatewayClass',
    object: node.ref,
    generation,
    status: {
      conditions: atGeneration(generation, verdicts),
      supportedFeatures: SUPPORTED_FEATURES.map((name) => ({ name })),
    },
  };
}
