import type { StatusUpdate } from '../../gatewayapi/status.ts';
import type { ProxyConfigNode } from '../graph/nodes.ts';
import { generationOf } from '../graph/object-key.ts';
import { accepted, atGeneration, notAccepted } from './conditions.ts';

export function proxyConfigStatus({ object, ref, faults, warnings }: ProxyConfigNode): StatusUpdate {
  const generation = generationOf(object);
  const verdict = faults.length === 0 ? accepted('The ProxyConfig', warnings) : notAccepted(faults);
  return {
    kind: 'ProxyConfig',
    object: ref,
    generation,
    status: { conditions: atGeneration(generation, [verdict]) },
  };
}
