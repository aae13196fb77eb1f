/** Collects the findings of the graph, for `sluice check`. */
import type { Finding } from '../../gatewayapi/finding.ts';
import type { ObjectRef } from '../../gatewayapi/ref.ts';
import type { GatewayConfig } from '../../ir/gateway-config.ts';
import { compareText } from '../../lib/compare.ts';
import type { Memo } from '../../lib/memo.ts';
import { reuseIfEqual } from '../../lib/reuse.ts';
import type { Defects } from '../contain.ts';
import type { Fault } from '../faults/fault.ts';
import type { Graph } from '../graph/graph.ts';
import type { SnapshotIndex } from '../graph/snapshot-index.ts';
import type { TranslateOptions } from '../types.ts';
import { reportGateways, reportUnserved } from './gateway-findings.ts';
import { reportPolicies } from '../policy/findings.ts';
import { reportRoutes } from './route-findings.ts';
import { reportShadows } from './shadow-findings.ts';
import { reportSlices } from './slice-findings.ts';

/** Reports faults of one object. A fault is kept once, even if several nodes carry it. */
export type Report = (object: ObjectRef, faults: readonly Fault[]) => void;

/** Where faults are reported, and where defects of computing them are recorded. */
export interface ReportContext {
  readonly report: Report;
  readonly defects: Defects;
}

/** A fault recorded for a later report. */
export interface Noted {
  readonly object: ObjectRef;
  readonly faults: readonly Fault[];
}

/** What findings depend on besides the graph. */
export interface FindingContext {
  readonly options: Pick<TranslateOptions, 'controllerName' | 'measureRegex'>;
  readonly defects: Defects;
  readonly index: SnapshotIndex;
}

/** All findings, by object, place and code. One that is equal to the last one stays the same object. */
export function findingsOf(
  graph: Graph,
  configs: readonly GatewayConfig[],
  { options, defects, index }: FindingContext,
  memo: Memo,
): readonly Finding[] {
  const { controllerName, measureRegex } = options;
  const byKey = memo.fold('by key', (before: ReadonlyMap<string, Finding> | null) => {
    const findings = new Map<string, Finding>();
    const report: Report = (object, faults) => {
      for (const { severity, code, path, message, hint, target } of faults) {
        const base = { severity, code, object, path, message, hint };
        const key = [object.kind, object.namespace, object.name, path, code, message].join('\n');
        const finding: Finding = target === undefined ? base : { ...base, target };
        findings.set(key, reuseIfEqual(before?.get(key), finding));
      }
    };
    const context = { report, defects };
    reportGateways(graph, context);
    reportUnserved(graph, graph.snapshot, { ...context, controllerName });
    reportRoutes(graph, { ...context, index }, memo.part('routes'));
    reportShadows(graph, configs, { report, measureRegex }, memo.part('shadows'));
    reportSlices(graph.snapshot.endpointSlices, report, memo.part('slices'));
    reportPolicies(graph, context);
    for (const { object, faults } of defects.all) report(object, faults);
    return findings;
  });
  const sorted = [...byKey].sort(([a], [b]) => compareText(a, b)).map(([, finding]) => finding);
  return memo.sameItems('sorted', sorted);
}
