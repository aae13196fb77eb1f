/** What a comparison consists of. */
import type { Running } from '../peers/running.ts';
import type { Service } from '../service.ts';
import type { Tool } from '../tools/tool.ts';

/** One measurement of one proxy. */
export interface Sample {
  readonly value: number;
  /** Parts of `value`, where it is CPU time. */
  readonly user?: number;
  readonly system?: number;
}

export interface LoadContext {
  readonly wrk: Tool;
  readonly h2load: Tool;
  readonly seconds: number;
  /** How many the scenarios of idle connections hold open. */
  readonly idleConnections: number;
  /** For scripts of the load generators. */
  readonly folder: string;
}

/** A figure to reach: the median of row `of`, or its ratio to that of row `to`. */
export interface Goal {
  readonly of: string;
  readonly to: string | null;
  readonly atMost: number;
}

/** A row of the table: one peer with what is special about this row. */
export interface Variant {
  readonly label: string;
  readonly peer: string;
  readonly accessLog?: boolean;
}

export interface Scenario {
  readonly name: string;
  readonly title: string;
  /** How it was loaded, in words, for the head of its table. */
  readonly conditions: string | ((context: LoadContext) => string);
  readonly unit: string;
  readonly workers: number;
  readonly service: Service;
  /** Rows besides one for each peer. */
  readonly variants: readonly Variant[];
  /** null = as many rounds as asked for. */
  readonly rounds: number | null;
  /** Whether every proxy is loaded before the first round, untimed. */
  readonly warmUp: boolean;
  readonly goals: readonly Goal[];
  measure(proxy: Running, context: LoadContext): Promise<Sample>;
}
