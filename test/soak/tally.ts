/** What the soak counts, and what it makes of a failure. */
import type { Outage } from './faults.ts';
import type { Ended } from './load.ts';
import type { Stall } from './stalls.ts';

/** `head`: it failed after its head had come, when nothing may be sent again. `outage`: no endpoint was there. `stall`: no CPU was. */
export const VERDICTS = ['answered', 'curable', 'head', 'outage', 'stall'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** What a request is not to be blamed for. */
export interface Excuses {
  readonly outages: readonly Outage[];
  /** Of the clients and the backends. */
  readonly stalls: readonly Stall[];
}

const overlaps = (span: Stall, { fromMs, toMs }: Ended): boolean => span.fromMs < toMs && fromMs < span.toMs;

/** An endpoint that missed its checks or failed requests for want of CPU is out for so long: `maxEjectionTime` of the policies. */
const AFTERMATH_MS = 2_000;
const withAftermath = ({ fromMs, toMs }: Stall): Stall => ({ fromMs, toMs: toMs + AFTERMATH_MS });

/** Classifies a request: could a retry have saved it? Policies allow all retries, and outside of outages one endpoint is healthy. */
export function classify(ended: Ended, { outages, stalls }: Excuses): Verdict {
  const { scenario, end } = ended;
  if (end.kind === 'answered') return 'answered';
  // An answer to another request is never excused.
  if (end.kind === 'wrong') return 'curable';
  if (end.kind === 'broken' && end.hadHead) return 'head';
  if (outages.some((outage) => outage.scenario === scenario.name && overlaps(outage, ended))) return 'outage';
  return stalls.some((stall) => overlaps(withAftermath(stall), ended)) ? 'stall' : 'curable';
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
  /** Classified at the end, when all stalls and outages are known. */
  readonly #failed: Ended[] = [];

  add(ended: Ended): void {
    if (ended.end.kind !== 'answered') {
      this.#failed.push(ended);
      return;
    }
    const route = this.#route(ended.scenario.name);
    route.verdicts.answered++;
    route.latenciesMs.push(ended.toMs - ended.fromMs);
  }

  /** Classifies the requests that have failed so far. */
  close(excuses: Excuses): void {
    for (const ended of this.#failed.splice(0)) {
      const { end, client, scenario } = ended;
      if (end.kind === 'answered') continue;
      const route = this.#route(scenario.name);
      const verdict = classify(ended, excuses);
      route.verdicts[verdict]++;
      const key = `${verdict}: ${client}, ${end.kind}, ${end.reason}`;
      route.reasons.set(key, (route.reasons.get(key) ?? 0) + 1);
    }
  }

  #route(name: string): RouteTally {
    const known = this.#routes.get(name);
    if (known !== undefined) return known;
    const verdicts = { answered: 0, curable: 0, head: 0, outage: 0, stall: 0 };
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
