/** What a run leaves behind; tables are made from it, and `.cache/bench/results/` keeps it as JSON. */
import { cpus, release, totalmem } from 'node:os';
import type { Row } from '../measure/batch.ts';
import type { Goal } from '../scenarios/scenario.ts';

export interface ScenarioResult {
  readonly name: string;
  readonly title: string;
  readonly conditions: string;
  readonly unit: string;
  readonly goals: readonly Goal[];
  readonly rows: readonly Row[];
}

export interface SuiteResult {
  readonly suite: string;
  /** ISO date. */
  readonly date: string;
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
  /** Peers that could not take part, with the reason. */
  readonly absent: readonly string[];
  readonly rounds: number;
  readonly seconds: number;
  readonly scenarios: readonly ScenarioResult[];
}

export function describeMachine(): string {
  const cores = cpus();
  const gib = Math.round(totalmem() / 1024 ** 3);
  return `${cores.length} × ${cores[0]?.model ?? 'unknown CPU'}, ${gib} GiB, Linux ${release()}`;
}
