import { externalBackendInTheClear } from '../faults/advice.ts';
import type { Fault } from '../faults/fault.ts';
import { policyConflicted, policyUnused } from '../faults/policy-faults.ts';
import type { Graph } from '../graph/graph.ts';
import type { PolicyTarget } from '../graph/nodes.ts';
import { gatewaysUsing, indexUsage } from '../status/backend-usage.ts';
import type { Report } from './findings.ts';

export function reportPolicies(graph: Graph, report: Report): void {
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
  for (const policy of graph.policies.traffic) report(policy.ref, targetFaults(policy.targets, 'layer7'));
  for (const backend of graph.backends.values()) {
    report(backend.ref, backend.faults);
    if (backend.tls === null) report(backend.ref, [externalBackendInTheClear('spec.tls')]);
  }
}
