import { externalBackendInTheClear } from '../faults/advice.ts';
import type { Fault } from '../faults/fault.ts';
import { policyConflicted, policyFieldOverridden, policyFieldUnserved, policyUnused } from './faults.ts';
import type { Graph } from '../graph/graph.ts';
import type { BackendPolicyNode, PolicyTarget } from '../graph/nodes.ts';
import { settingsOf } from './backend-policies.ts';
import { fieldsOf } from './merge.ts';
import { indexGateways, type GatewaysOf } from './inherited-status.ts';
import { gatewaysUsing, indexUsage, type BackendUsage } from './backend-usage.ts';
import type { ReportContext } from '../findings/findings.ts';

export function reportPolicies(graph: Graph, { report, defects }: ReportContext): void {
  const usage = indexUsage(graph);
  const targetFaults = (targets: readonly PolicyTarget[], use: 'tls' | 'layer7'): readonly Fault[] =>
    targets.flatMap((target) => {
      if (target.missing !== null) return [target.missing];
      if (target.lostTo !== null) return [policyConflicted(target.path, target.ref, target.lostTo)];
      return gatewaysUsing(usage, use, target).length > 0 ? [] : [policyUnused(target.path, target.ref)];
    });
  for (const policy of graph.policies.tls) {
    report(policy.ref, [...policy.acceptedFaults, ...policy.resolvedFaults, ...policy.remarks]);
    report(policy.ref, targetFaults(policy.targets, 'tls'));
  }
  for (const policy of graph.policies.traffic) {
    report(policy.ref, policy.faults);
    report(policy.ref, targetFaults(policy.targets, 'layer7'));
    report(
      policy.ref,
      policy.conflicts.map(({ fault }) => fault),
    );
  }
  reportBackendPolicies(graph, usage, { report, defects });
  for (const backend of graph.backends.values()) {
    report(backend.ref, backend.faults);
    if (backend.tls === null) report(backend.ref, [externalBackendInTheClear('spec.tls')]);
  }
}

function reportBackendPolicies(graph: Graph, usage: BackendUsage, { report, defects }: ReportContext): void {
  const { nodes } = graph.policies.backend;
  if (nodes.length === 0) return;
  const gatewaysOf = indexGateways(graph, usage);
  for (const policy of nodes) {
    const faults = defects.contain(
      [policy.object, 'findings'],
      () => backendPolicyFaults(policy, graph, gatewaysOf),
      () => policy.faults,
    );
    report(policy.ref, faults);
  }
}

/** Targets that are not there or lead nowhere, and fields that are in force on none of the Gateways that the policy is for. */
function backendPolicyFaults(
  { ref, object, faults, targets }: BackendPolicyNode,
  { policyEffects }: Graph,
  gatewaysOf: GatewaysOf,
): readonly Fault[] {
  const ofTargets = targets.flatMap((target) => {
    if (target.missing !== null) return [target.missing];
    return gatewaysOf(target).length > 0 ? [] : [policyUnused(target.path, target.ref)];
  });
  const gateways = new Set(targets.flatMap((target) => (target.missing === null ? gatewaysOf(target) : [])));
  const outcomes = [...gateways].map((gateway) => policyEffects.of(ref, gateway.ref));
  const ofFields = fieldsOf(settingsOf(object)).flatMap(([path]) => {
    const found = outcomes.flatMap((fields) => fields.get(path) ?? []);
    const [first] = found;
    if (first === undefined || found.some(({ kind }) => kind === 'effective')) return [];
    if (first.kind === 'overridden') return [policyFieldOverridden(path, first)];
    return first.kind === 'unserved' ? [policyFieldUnserved(path, first.why)] : [];
  });
  return [...faults, ...ofTargets, ...ofFields];
}
