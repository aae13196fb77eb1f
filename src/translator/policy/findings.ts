/** What `check` reports about policies and XBackends. */
import { externalBackendInTheClear } from '../faults/advice.ts';
import type { Fault } from '../faults/fault.ts';
import type { ReportContext } from '../findings/findings.ts';
import type { Graph } from '../graph/graph.ts';
import { Ancestors } from './ancestors.ts';
import { pathsOf } from './combine.ts';
import { policyConflicted, policyFieldOverridden, policyFieldUnserved, policyUnused } from './faults.ts';
import type { PolicyNode } from './policy-kind.ts';

export function reportPolicies(graph: Graph, { report, defects }: ReportContext): void {
  const { nodes } = graph.policies;
  const ancestors = nodes.length === 0 ? null : new Ancestors(graph);
  for (const policy of nodes) {
    const own = [...policy.faults, ...policy.referenceFaults, ...policy.warnings];
    report(policy.ref, own);
    const faults = defects.contain(
      [policy.object, 'findings'],
      () => (ancestors === null ? [] : policyFaults(policy, graph, ancestors)),
      () => [],
    );
    report(policy.ref, faults);
  }
  for (const backend of graph.backends.values()) {
    report(backend.ref, backend.faults);
    if (backend.tls === null) report(backend.ref, [externalBackendInTheClear('spec.tls')]);
  }
}

/** Targets that do not exist, belong to another policy or are unused; blocks that others set; fields that apply on no Gateway. */
function policyFaults(policy: PolicyNode, { policyEffects }: Graph, ancestors: Ancestors): readonly Fault[] {
  const { ref, kind, settings, targets, conflicts } = policy;
  const ofTargets = targets.flatMap((target) => {
    if (target.missing !== null) return [target.missing];
    if (target.lostTo !== null) return [policyConflicted(target.path, target.ref, target.lostTo)];
    return ancestors.of([target], kind.attachment).length > 0 ? [] : [policyUnused(target.path, target.ref)];
  });
  const gateways = ancestors.of(targets, kind.attachment);
  const outcomes = gateways.map((gateway) => policyEffects.of(ref, gateway.ref));
  const paths = kind.settings === null || settings === null ? [] : pathsOf(kind.settings, settings);
  const ofFields = paths.flatMap((path) => {
    const found = outcomes.flatMap((fields) => fields.get(path) ?? []);
    const [first] = found;
    if (first === undefined || found.some(({ kind: outcome }) => outcome === 'effective')) return [];
    if (first.kind === 'overridden') return [policyFieldOverridden(path, first)];
    return first.kind === 'unserved' ? [policyFieldUnserved(path, first.why)] : [];
  });
  return [...ofTargets, ...conflicts.map(({ fault }) => fault), ...ofFields];
}
