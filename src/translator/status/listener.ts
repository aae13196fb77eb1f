/** Status of listeners, the same for Gateways and ListenerSets. */
import type { DataPlaneObservation } from '../observations.ts';
import { GATEWAY_GROUP } from '../../gatewayapi/ref.ts';
import type { ListenerStatus } from '../../gatewayapi/status.ts';
import { joinMessages } from '../faults/fault.ts';
import { attachedTo, type Attachments, type ListenerNode } from '../graph/nodes.ts';
import {
  accepted,
  atGeneration,
  conflicted,
  noConflicts,
  notAccepted,
  notProgrammedConflicted,
  notProgrammedInvalid,
  overlappingTls,
  pending,
  portUnavailable,
  programmed,
  resolvedRefs,
  unresolvedRefs,
  type Verdict,
} from './conditions.ts';

export interface ListenerContext {
  readonly generation: number;
  /** Why nothing of the owner is programmed, regardless of the listener; null if it depends on the listener. */
  readonly blocked: Verdict | null;
  readonly observation: DataPlaneObservation | null;
  readonly attachments: Attachments;
}

export function listenerStatus(listener: ListenerNode, context: ListenerContext): ListenerStatus {
  const { conflict, acceptedFaults, resolvedFaults, overlap, warnings } = listener;
  const failed = context.observation?.failedPorts.find((entry) => entry.port === listener.spec.port);
  const faults = [...(conflict === null ? [] : [conflict]), ...acceptedFaults];
  const acceptance =
    failed === undefined ? accepted('The listener', warnings) : portUnavailable('Accepted', failed.message);
  const verdicts: Verdict[] = [
    faults.length === 0 ? acceptance : notAccepted(faults),
    conflict === null ? noConflicts() : conflicted(conflict),
    resolvedFaults.length === 0 ? resolvedRefs() : unresolvedRefs(resolvedFaults),
    programmedVerdict(listener, context, failed?.message ?? null),
    ...(overlap === null ? [] : [overlappingTls(overlap.reason, overlap.other)]),
  ];
  return {
    name: listener.spec.name,
    supportedKinds: listener.supportedKinds.map((kind) => ({ group: GATEWAY_GROUP, kind })),
    attachedRoutes: attachedTo(context.attachments, listener).length,
    conditions: atGeneration(context.generation, verdicts),
  };
}

function programmedVerdict(
  listener: ListenerNode,
  { blocked, observation }: ListenerContext,
  portFailure: string | null,
): Verdict {
  if (listener.conflict !== null) return notProgrammedConflicted(listener.conflict);
  if (!listener.servable) {
    return notProgrammedInvalid(joinMessages([...listener.acceptedFaults, ...listener.resolvedFaults]));
  }
  if (portFailure !== null) return portUnavailable('Programmed', portFailure);
  if (blocked === null) return programmed('The listener', observation);
  return blocked.reason === 'Invalid' ? notProgrammedInvalid(blocked.message) : pending(blocked.message);
}
