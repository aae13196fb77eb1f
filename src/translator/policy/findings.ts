/** What `check` reports about policies, XBackends and extensions. */
import { isReported } from '../../gatewayapi/rejection.ts';
import { externalBackendInTheClear } from '../faults/advice.ts';
import type { Fault } from '../faults/fault.ts';
import type { ReportContext } from '../findings/findings.ts';
import type { Graph } from '../graph/graph.ts';
import { ancestorsOf, type Ancestors } from './ancestors.ts';
import { pathsOf } from './combine.ts';
import {
  policyClosesLayer4,
  policyConflicted,
  policyExemptionRefused,
  policyFieldOverridden,
  policyFieldUnserved,
  policyUnused,
  type FieldOutcome,
} from './faults.ts';
import type { PolicyNode } from './policy-kind.ts';

export function reportPolicies(graph: Graph, { report, defects }: ReportContext): void {
  const { nodes } = graph.policies;
  const ancestors = nodes.length === 0 ? null : ancestorsOf(graph);
  for (const policy of nodes) {
    if (!isReported(policy.object)) {
      report(policy.ref, [...policy.faults, ...policy.referenceFaults, ...policy.warnings]);
    }
    const faults = defects.contain(
      [policy.object, 'findings'],
      () => (ancestors === null ? [] : policyFaults(policy, graph, ancestors)),
      () => [],
    );
    report(policy.ref, faults);
  }
  for (const { ref, faults, referenceFaults, warnings } of graph.extensions.values()) {
    report(ref, [...faults, ...referenceFaults, ...warnings]);
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
  const gateways = ancestors.ofPolicy(policy);
  const outcomes = gateways.map((gateway) => policyEffects.of(ref, gateway.ref));
  const paths = kind.settings === null || settings === null ? [] : pathsOf(kind.settings, settings);
  const ofFields = paths.flatMap((path) =>
    fieldFaults(
      path,
      outcomes.flatMap((fields) => fields.get(path) ?? []),
    ),
  );
  const isIdle = targets.length === 0 && gateways.length === 0;
  const unused = isIdle ? [policyUnused('spec', ref)] : [];
  return [...ofTargets, ...unused, ...conflicts.map(({ fault }) => fault), ...ofFields];
}

/** `outcomes`: one for each Gateway. */
function fieldFaults(path: string, outcomes: readonly FieldOutcome[]): readonly Fault[] {
  const refused = outcomes.find(({ kind }) => kind === 'closes' || kind === 'refused');
  const [first = null] = outcomes;
  const decisive = refused ?? outcomes.find(({ kind }) => kind === 'effective') ?? first;
  switch (decisive?.kind) {
    case 'closes':
      return [policyClosesLayer4(path, decisive.why)];
    case 'refused':
      return [policyExemptionRefused(path, decisive.by)];
    case 'overridden':
      return [policyFieldOverridden(path, decisive)];
    case 'unserved':
      return [policyFieldUnserved(path, decisive.why)];
    case 'effective':
    case undefined:
      return [];
  }
}
