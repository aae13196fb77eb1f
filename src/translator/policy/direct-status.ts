/** Status of direct policies: one entry per Gateway, about the targets that its routes use. */
import { policyConflicted } from './faults.ts';
import { accepted, notAccepted, resolvedRefs, unresolvedRefs, type Verdict } from '../status/conditions.ts';
import { blocksOf } from './block-conflicts.ts';
import type { AncestorEntry, StatusContext } from './status.ts';
import type { PolicyNode, PolicyTarget } from './policy-kind.ts';

export function directEntries(policy: PolicyNode, { ancestors }: StatusContext): readonly AncestorEntry[] {
  const { attachment } = policy.kind;
  const uses = policy.targets.map((target) => ({ target, gateways: ancestors.of([target], attachment) }));
  return ancestors.of(policy.targets, attachment).map((gateway) => {
    const used = uses.filter(({ gateways }) => gateways.includes(gateway)).map(({ target }) => target);
    return { ancestorRef: { ...gateway.ref }, verdicts: verdictsFor(policy, used) };
  });
}

function verdictsFor(policy: PolicyNode, targets: readonly PolicyTarget[]): readonly Verdict[] {
  const { referenceFaults, kind } = policy;
  const references = referenceFaults.length === 0 ? resolvedRefs() : unresolvedRefs(referenceFaults);
  return [acceptance(policy, targets), ...(kind.hasReferences ? [references] : [])];
}

function acceptance(
  { faults, settings, warnings, conflicts }: PolicyNode,
  targets: readonly PolicyTarget[],
): Verdict {
  const won = targets.filter(({ lostTo }) => lostTo === null);
  const lost = targets.flatMap(({ path, ref, lostTo }) =>
    lostTo === null ? [] : [policyConflicted(path, ref, lostTo)],
  );
  const perTarget = won.map(({ ref }) => conflicts.filter(({ target }) => target === ref));
  const ofBlocks = perTarget.flat().map(({ fault }) => fault);
  const blocks = blocksOf(settings).length;
  // The policy applies to no target.
  const isLost = perTarget.every(
    (list) => blocks > 0 && list.filter(({ isWhole }) => isWhole).length === blocks,
  );
  if (isLost) return notAccepted([...lost, ...ofBlocks]);
  return faults.length === 0
    ? accepted('The policy', [...warnings, ...lost, ...ofBlocks])
    : notAccepted(faults);
}
