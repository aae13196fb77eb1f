/** What the soak counts, and what it makes of a failure. */
import type { Outage } from './faults.ts';
import type { Ended } from './load.ts';

/** `head`: it failed after its head had come, when nothing may be sent again. `outage`: no endpoint was there. */
export type Verdict = 'answered' | 'curable' | 'head' | 'outage';

/** Whether a retry that the policies permit could have cured it: they permit all, and one endpoint is well but for the outages. */
export function judge({ scenario, fromMs, toMs, end }: Ended, outages: readonly Outage[]): Verdict {
  if (end.kind === 'answered') return 'answered';
  if (end.kind === 'broken' && end.hadHead) return 'head';
  // An answer to another request is nobody's outage.
  const isOut = outages.some(
    (outage) => outage.scenario === scenario.name && outage.fromMs < toMs && fromMs < outage.toMs,
  );
  return end.kind !== 'wrong' && isOut ? 'outage' : 'curable';
}

export interface RouteTally {
  readonly name: string;
  readonly verdicts: Record<Verdict, number>;
  /** How often by verdict, client and reason, in words. */
  readonly reasons: Map<string, number>;
  /** Of the answered. */
  readonly latenciesMs: number[];
}

export class Tally {
  readonly #routes = new Map<string, RouteTally>();

  add(ended: Ended, outages: readonly Outage[]): void {
    const route = this.#route(ended.scenario.name);
    const verdict = judge(ended, outages);
    route.verdicts[verdict]++;
    const { end, client } = ended;
    if (end.kind === 'answered') route.latenciesMs.push(ended.toMs - ended.fromMs);
    else {
      const key = `${verdict}: ${client}, ${end.kind}, ${end.reason}`;
      route.reasons.set(key, (route.reasons.get(key) ?? 0) + 1);
    }
  }

  #route(name: string): RouteTally {
    const known = this.#routes.get(name);
    if (known !== undefined) return known;
    const verdicts = { answered: 0, curable: 0, head: 0, outage: 0 };
    const route: RouteTally = { name, verdicts, reasons: new Map(), latenciesMs: [] };
    this.#routes.set(name, route);
    return route;
  }

  get routes(): readonly RouteTally[] {
    return [...this.#routes.values()];
  }

  count(verdict: Verdict): number {
    return this.routes.reduce((sum, { verdicts }) => sum + verdicts[verdict], 0);
  }
}

/** The value that `share` of all are not above; 0 without values. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}

export interface Sample {
  readonly atMs: number;
  readonly bytes: number;
}

/** MiB a minute, by the straight line of least squares; 0 for less than two samples. */
export function slope(samples: readonly Sample[]): number {
  const mean = (of: (sample: Sample) => number): number =>
    samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length;
  const atMs = mean((sample) => sample.atMs);
  const bytes = mean((sample) => sample.bytes);
  const spread = samples.reduce((sum, sample) => sum + (sample.atMs - atMs) ** 2, 0);
  const together = samples.reduce((sum, sample) => sum + (sample.atMs - atMs) * (sample.bytes - bytes), 0);
  return spread === 0 ? 0 : (together / spread) * (60_000 / 1_048_576);
}
