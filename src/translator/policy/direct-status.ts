/**
 * Status of what is attached to backends: BackendTLSPolicy, XBackendTrafficPolicy and XBackend, per Gateway whose routes
 * use the backend (PolicyAncestorStatus).
 */
import type { Condition } from '../../gatewayapi/condition.ts';
import type { ObjectRef } from '../../gatewayapi/ref.ts';
import type { ParentRef, StatusUpdate } from '../../gatewayapi/status.ts';
import type { Fault } from '../faults/fault.ts';
import { policyConflicted } from './faults.ts';
import type { PolicyTarget, TlsPolicyNode, TrafficPolicyNode, XBackendNode } from '../graph/nodes.ts';
import { generationOf } from '../graph/object-key.ts';
import { blocksOf } from './policies.ts';
import { gatewaysUsing, type BackendUsage } from './backend-usage.ts';
import { accepted, atGeneration, notAccepted, resolvedRefs, unresolvedRefs } from '../status/conditions.ts';

const MAX_ANCESTORS = 16;
const MAX_PARENTS = 32;

export interface PolicyContext {
  readonly controllerName: string;
  readonly usage: BackendUsage;
}

export function tlsPolicyStatus(policy: TlsPolicyNode, context: PolicyContext): StatusUpdate {
  const generation = generationOf(policy.object);
  return policyStatus('BackendTLSPolicy', policy, context, (targets) => {
    const { won, lost } = partition(targets);
    const acceptance =
      won.length === 0
        ? notAccepted(lost)
        : acceptanceOf(policy.acceptedFaults, [...policy.remarks, ...lost]);
    const { resolvedFaults } = policy;
    const references = resolvedFaults.length === 0 ? resolvedRefs() : unresolvedRefs(resolvedFaults);
    return atGeneration(generation, [acceptance, references]);
  });
}

export function trafficPolicyStatus(policy: TrafficPolicyNode, context: PolicyContext): StatusUpdate {
  const generation = generationOf(policy.object);
  return policyStatus('XBackendTrafficPolicy', policy, context, (targets) => {
    const { won, lost } = partition(targets);
    const conflicts = won.map(({ ref }) => policy.conflicts.filter(({ target }) => target === ref));
    const faults = conflicts.flat().map(({ fault }) => fault);
    const blocks = blocksOf(policy.object).length;
    // Nothing of it is left on any target.
    const isLost = conflicts.every(
      (list) => blocks > 0 && list.filter(({ isWhole }) => isWhole).length === blocks,
    );
    return atGeneration(generation, [
      isLost ? notAccepted([...lost, ...faults]) : acceptanceOf(policy.faults, [...lost, ...faults]),
    ]);
  });
}

function acceptanceOf(faults: readonly Fault[], remarks: readonly Fault[]): ReturnType<typeof accepted> {
  return faults.length === 0 ? accepted('The policy', remarks) : notAccepted(faults);
}

/** Targets that this policy governs, and faults for those that an older one does. */
function partition(targets: readonly PolicyTarget[]): {
  readonly won: readonly PolicyTarget[];
  readonly lost: readonly Fault[];
} {
  return {
    won: targets.filter((target) => target.lostTo === null),
    lost: targets.flatMap(({ path, ref, lostTo }) =>
      lostTo === null ? [] : [policyConflicted(path, ref, lostTo)],
    ),
  };
}

/** One entry per Gateway that uses a target; `judge` sees only the targets which that Gateway uses. */
function policyStatus(
  kind: 'BackendTLSPolicy' | 'XBackendTrafficPolicy',
  policy: TlsPolicyNode | TrafficPolicyNode,
  context: PolicyContext,
  judge: (targets: readonly PolicyTarget[]) => readonly Condition[],
): StatusUpdate {
  const byGateway = new Map<ObjectRef, PolicyTarget[]>();
  const use = kind === 'BackendTLSPolicy' ? 'tls' : 'layer7';
  for (const target of policy.targets) {
    if (target.missing !== null) continue;
    for (const gateway of gatewaysUsing(context.usage, use, target)) {
      const known = byGateway.get(gateway);
      if (known === undefined) byGateway.set(gateway, [target]);
      else known.push(target);
    }
  }
  const ancestors = [...byGateway]
    .sort(([a], [b]) => compareRefs(a, b))
    .slice(0, MAX_ANCESTORS)
    .map(([gateway, targets]) => ({
      ancestorRef: asParentRef(gateway),
      controllerName: context.controllerName,
      conditions: judge(targets),
    }));
  return { kind, object: policy.ref, generation: generationOf(policy.object), status: { ancestors } };
}

export function xBackendStatus(backend: XBackendNode, context: PolicyContext): StatusUpdate {
  const generation = generationOf(backend.object);
  const verdict = backend.faults.length === 0 ? accepted('The backend') : notAccepted(backend.faults);
  const parents = gatewaysUsing(context.usage, 'any', { ref: backend.ref, sectionName: null })
    .toSorted(compareRefs)
    .slice(0, MAX_PARENTS)
    .map((gateway) => ({
      parentRef: asParentRef(gateway),
      controllerName: context.controllerName,
      conditions: atGeneration(generation, [verdict]),
    }));
  return { kind: 'XBackend', object: backend.ref, generation, status: { parents } };
}

const asParentRef = ({ group, kind, namespace, name }: ObjectRef): ParentRef => ({
  group,
  kind,
  namespace,
  name,
});

function compareRefs(a: ObjectRef, b: ObjectRef): number {
  const [left, right] = [`${a.namespace}/${a.name}`, `${b.namespace}/${b.name}`];
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
