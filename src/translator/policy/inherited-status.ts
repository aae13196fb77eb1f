/** Status of inherited policies: one entry per Gateway whose traffic they affect, and one per target without such a Gateway. */
import { describeRef } from '../../gatewayapi/ref.ts';
import { gatewayDataPlane } from '../../ir/data-plane-id.ts';
import type { GatewayNode } from '../graph/nodes.ts';
import { accepted, notAccepted, resolvedRefs, unresolvedRefs, type Verdict } from '../status/conditions.ts';
import { blockedBy } from '../status/gateway.ts';
import {
  policyClosing,
  policyConflictedEverywhere,
  policyNothingServed,
  policyNotProgrammed,
  policyOverridden,
  policyProgrammed,
  policyReconciling,
} from './conditions.ts';
import type { FieldOutcomes } from './effects.ts';
import { isValid, type PolicyNode, type PolicyTarget } from './policy-kind.ts';
import type { AncestorEntry, StatusContext } from './status.ts';

export function inheritedEntries(policy: PolicyNode, context: StatusContext): readonly AncestorEntry[] {
  const { targets, kind } = policy;
  const { ancestors } = context;
  const ofGateways = ancestors.ofPolicy(policy).map((gateway): AncestorEntry => ({
    ancestorRef: { ...gateway.ref },
    verdicts: verdictsFor(policy, gateway, context),
  }));
  const idle = targets.filter((target) => ancestors.of([target], kind.attachment).length === 0);
  return [...ofGateways, ...idle.map((target) => entryOfTarget(policy, target))];
}

/** The entry of a target that is missing, or that no Gateway of Sluice routes to. */
function entryOfTarget(policy: PolicyNode, { ref, sectionName, missing }: PolicyTarget): AncestorEntry {
  const ancestorRef = { ...ref, ...(sectionName === null ? {} : { sectionName }) };
  const { faults, referenceFaults } = policy;
  const unresolved = missing === null ? referenceFaults : [missing, ...referenceFaults];
  const references = unresolved.length === 0 ? resolvedRefs() : unresolvedRefs(unresolved);
  const all = missing === null ? faults : [...faults, missing];
  if (all.length > 0)
    return { ancestorRef, verdicts: [notAccepted(all), policyNotProgrammed(all), references] };
  const waiting = policyReconciling(`No Gateway that Sluice serves routes to ${describeRef(ref)}.`);
  return { ancestorRef, verdicts: [accepted('The policy'), waiting, references] };
}

function verdictsFor(policy: PolicyNode, gateway: GatewayNode, context: StatusContext): readonly Verdict[] {
  const { faults, referenceFaults, warnings } = policy;
  const references = referenceFaults.length === 0 ? resolvedRefs() : unresolvedRefs(referenceFaults);
  if (faults.length > 0) return [notAccepted(faults), policyNotProgrammed(faults), references];
  if (!isValid(policy))
    return [accepted('The policy', warnings), policyNotProgrammed(referenceFaults), references];
  const fields = context.graph.policyEffects.of(policy.ref, gateway.ref);
  const refused = refusalOf(fields);
  if (refused !== null) return [...refused, references];
  const blocked = blockedBy(gateway, context.observed.get(gatewayDataPlane(gateway.ref)) ?? null);
  const programmed =
    blocked === null
      ? programmedVerdict(fields)
      : policyReconciling(`The Gateway is not programmed: ${blocked.message}`);
  return [accepted('The policy', warnings), programmed, references];
}

/** Accepted and Programmed where no field can ever apply; null where one can. */
function refusalOf(fields: FieldOutcomes): readonly Verdict[] | null {
  const outcomes = [...fields.values()];
  if (outcomes.length === 0) return null;
  if (outcomes.every(({ kind }) => kind === 'unserved')) return policyNothingServed(fields);
  return outcomes.every((outcome) => outcome.kind === 'overridden' && outcome.samePlace)
    ? policyConflictedEverywhere(fields)
    : null;
}

function programmedVerdict(fields: FieldOutcomes): Verdict {
  const outcomes = [...fields.values()];
  const closing = outcomes.find((outcome) => outcome.kind === 'closes');
  if (closing !== undefined) return policyClosing(closing.why);
  const isEffective = outcomes.some(({ kind }) => kind === 'effective');
  return outcomes.length > 0 && !isEffective ? policyOverridden(fields) : policyProgrammed(fields);
}
