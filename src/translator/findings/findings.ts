/** Everything the graph has to say about the user's objects, for `sluice check`. */
import type { Finding } from '../../gatewayapi/finding.ts';
import type { ObjectRef } from '../../gatewayapi/ref.ts';
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import type { GatewayConfig } from '../../ir/gateway-config.ts';
import { compareText } from '../../lib/compare.ts';
import type { Fault } from '../faults/fault.ts';
import type { Graph } from '../graph/graph.ts';
import { reportGateways, reportUnserved } from './gateway-findings.ts';
import { reportPolicies } from './policy-findings.ts';
import { reportRoutes } from './route-findings.ts';
import { reportShadows } from './shadow-findings.ts';

/** Notes faults of one object. The same fault is kept once, however many nodes carry it. */
export type Report = (object: ObjectRef, faults: readonly Fault[]) => void;

export interface FindingSources {
  readonly snapshot: ResourceSnapshot;
  readonly configs: readonly GatewayConfig[];
  readonly controllerName: string;
}

export function collectFindings(graph: Graph, sources: FindingSources): readonly Finding[] {
  const findings = new Map<string, Finding>();
  const report: Report = (object, faults) => {
    for (const { severity, code, path, message, hint } of faults) {
      const key = [object.kind, object.namespace, object.name, path, code, message].join('\n');
      findings.set(key, { severity, code, object, path, message, hint });
    }
  };
  reportGateways(graph, report);
  reportUnserved(graph, sources.snapshot, { report, controllerName: sources.controllerName });
  reportRoutes(graph, sources.snapshot, report);
  reportShadows(graph, sources.configs, report);
  reportPolicies(graph, report);
  return [...findings].sort(([a], [b]) => compareText(a, b)).map(([, finding]) => finding);
}
