/** What a run leaves behind; tables are made from it, and `.cache/bench/results/` keeps it as JSON. */
import { cpus, release, totalmem } from 'node:os';
import type { Row } from '../measure/batch.ts';
import type { Goal } from '../scenarios/scenario.ts';

export interface ScenarioResult {
  readonly name: string;
  /** ISO date. */
  readonly date: string;
  readonly rounds: number;
  readonly seconds: number;
  readonly title: string;
  readonly conditions: string;
  readonly unit: string;
  readonly goals: readonly Goal[];
  readonly rows: readonly Row[];
}

export interface SuiteResult {
  readonly suite: string;
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
  /** Peers that could not take part, with the reason. */
  readonly absent: readonly string[];
  readonly scenarios: readonly ScenarioResult[];
}

/** A run of some scenarios takes their place in what was measured before; the order is the suite's. */
export function mergeScenarios(
  order: readonly string[],
  before: readonly ScenarioResult[],
  now: readonly ScenarioResult[],
): ScenarioResult[] {
  return order.flatMap((name) => {
    const found = now.find((result) => result.name === name) ?? before.find((result) => result.name === name);
    return found === undefined ? [] : [found];
  });
}

export function describeMachine(): string {
  const cores = cpus();
  const gib = Math.round(totalmem() / 1024 ** 3);
  return `${cores.length} × ${cores[0]?.model ?? 'unknown CPU'}, ${gib} GiB, Linux ${release()}`;
}
