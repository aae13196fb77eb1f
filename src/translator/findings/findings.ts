/** Collects the findings of the graph, for `sluice check`. */
import type { Finding } from '../../gatewayapi/finding.ts';
import type { ObjectRef } from '../../gatewayapi/ref.ts';
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import type { GatewayConfig } from '../../ir/gateway-config.ts';
import { compareText } from '../../lib/compare.ts';
import { reuseIfSameItems, reuseIfEqual } from '../../lib/reuse.ts';
import type { Defects } from '../contain.ts';
import type { Fault } from '../faults/fault.ts';
import type { Graph } from '../graph/graph.ts';
import type { TranslateOptions } from '../types.ts';
import { reportGateways, reportUnserved } from './gateway-findings.ts';
import { reportPolicies } from '../policy/findings.ts';
import { RouteReporter } from './route-findings.ts';
import { ShadowReporter } from './shadow-findings.ts';
import { SliceReporter } from './slice-findings.ts';

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

/** All findings, kept between translations: an unchanged finding stays the same object. */
export class FindingCollector {
  readonly #controllerName: string;
  readonly #defects: Defects;
  readonly #routes = new RouteReporter();
  readonly #slices = new SliceReporter();
  readonly #shadows: ShadowReporter;
  #known: ReadonlyMap<string, Finding> = new Map();
  #findings: readonly Finding[] = [];

  constructor(
    { controllerName, measureRegex }: Pick<TranslateOptions, 'controllerName' | 'measureRegex'>,
    defects: Defects,
  ) {
    this.#controllerName = controllerName;
    this.#shadows = new ShadowReporter(measureRegex);
    this.#defects = defects;
  }

  /** By object, place and code; the same array until something changes. */
  update(graph: Graph, snapshot: ResourceSnapshot, configs: readonly GatewayConfig[]): readonly Finding[] {
    const findings = new Map<string, Finding>();
    const report: Report = (object, faults) => {
      for (const { severity, code, path, message, hint, target } of faults) {
        const base = { severity, code, object, path, message, hint };
        const key = [object.kind, object.namespace, object.name, path, code, message].join('\n');
        const finding: Finding = target === undefined ? base : { ...base, target };
        findings.set(key, reuseIfEqual(this.#known.get(key), finding));
      }
    };
    const context = { report, defects: this.#defects };
    reportGateways(graph, context);
    reportUnserved(graph, snapshot, { ...context, controllerName: this.#controllerName });
    this.#routes.report(graph, snapshot, context);
    this.#shadows.report(graph, configs, report);
    this.#slices.report(snapshot.endpointSlices, report);
    reportPolicies(graph, context);
    for (const { object, faults } of this.#defects.all) report(object, faults);
    this.#known = findings;
    const sorted = [...findings].sort(([a], [b]) => compareText(a, b)).map(([, finding]) => finding);
    this.#findings = reuseIfSameItems(this.#findings, sorted);
    return this.#findings;
  }
}
