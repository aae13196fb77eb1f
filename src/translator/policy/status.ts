/** Statuses of policies of all kinds (GEP-713, PolicyAncestorStatus). */
import type {
  ParentRef,
  PolicyAncestorStatus,
  PolicyKind as KindName,
  StatusUpdate,
} from '../../gatewayapi/status.ts';
import type { DataPlaneId } from '../../ir/data-plane-id.ts';
import type { Graph } from '../graph/graph.ts';
import { generationOf } from '../graph/object-key.ts';
import type { DataPlaneObservation } from '../observations.ts';
import { atGeneration, type Verdict } from '../status/conditions.ts';
import type { Ancestors } from './ancestors.ts';
import { directEntries } from './direct-status.ts';
import { inheritedEntries } from './inherited-status.ts';
import type { PolicyNode } from './policy-kind.ts';

export interface StatusContext {
  readonly graph: Graph;
  readonly ancestors: Ancestors;
  readonly controllerName: string;
  readonly observed: ReadonlyMap<DataPlaneId, DataPlaneObservation>;
}

export interface AncestorEntry {
  readonly ancestorRef: ParentRef;
  readonly verdicts: readonly Verdict[];
}

const MAX_ANCESTORS = 16;

export function policyStatus(policy: PolicyNode, context: StatusContext): StatusUpdate {
  const generation = generationOf(policy.object);
  const isDirect = policy.kind.attachment.kind === 'direct';
  const entries = isDirect ? directEntries(policy, context) : inheritedEntries(policy, context);
  const ancestors = withinLimit(entries).map(({ ancestorRef, verdicts }): PolicyAncestorStatus => ({
    ancestorRef,
    controllerName: context.controllerName,
    conditions: atGeneration(generation, verdicts),
  }));
  // Every kind in the table of policies has a policy's status in the table of kinds.
  const kind = policy.kind.kind as KindName;
  return { kind, object: policy.ref, generation, status: { ancestors } };
}

/** If there are too many ancestors, the last entry counts the ones left out. */
function withinLimit(entries: readonly AncestorEntry[]): readonly AncestorEntry[] {
  const more = entries.length - MAX_ANCESTORS;
  if (more <= 0) return entries;
  const kept = entries.slice(0, MAX_ANCESTORS);
  return kept.map((entry, index) =>
    index < MAX_ANCESTORS - 1
      ? entry
      : {
          ...entry,
          verdicts: entry.verdicts.map((verdict) =>
            verdict.type === 'Accepted'
              ? { ...verdict, message: `${verdict.message} (+${String(more)} more ancestors)` }
              : verdict,
          ),
        },
  );
}
