/** Status of XBackends: per Gateway whose routes use them, under the field names of a route. */
import type { StatusUpdate } from '../../gatewayapi/status.ts';
import type { XBackendNode } from '../graph/nodes.ts';
import { generationOf } from '../graph/object-key.ts';
import { gatewaysUsing, type BackendUsage } from '../policy/backend-usage.ts';
import { byRef } from '../policy/ancestors.ts';
import { accepted, atGeneration, notAccepted } from './conditions.ts';

const MAX_PARENTS = 32;

export interface XBackendContext {
  readonly controllerName: string;
  readonly usage: BackendUsage;
}

export function xBackendStatus(
  backend: XBackendNode,
  { controllerName, usage }: XBackendContext,
): StatusUpdate {
  const generation = generationOf(backend.object);
  const verdict = backend.faults.length === 0 ? accepted('The backend') : notAccepted(backend.faults);
  const parents = gatewaysUsing(usage, 'any', { ref: backend.ref, sectionName: null })
    .toSorted(byRef)
    .slice(0, MAX_PARENTS)
    .map((gateway) => ({
      parentRef: { ...gateway },
      controllerName,
      conditions: atGeneration(generation, [verdict]),
    }));
  return { kind: 'XBackend', object: backend.ref, generation, status: { parents } };
}
