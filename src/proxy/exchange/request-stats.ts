import type { Origin, RuleOrigin } from '../../ir/origin.ts';
import type { ReasonCode } from '../../ir/reason.ts';
import type { RetryReason } from './retry.ts';

/** Cumulative histogram: `counts[i]` observations were at most `boundsMs[i]`; the last bound is infinite. */
export interface HistogramSnapshot {
  readonly boundsMs: readonly number[];
  readonly counts: readonly number[];
  readonly sumMs: number;
}

/** Requests by gateway, listener, rule and backend: labels are bounded by configuration. null = none was chosen. */
export interface RequestStats {
  readonly gateway: Origin | null;
  readonly listener: Origin | null;
  readonly rule: RuleOrigin | null;
  readonly backend: Origin | null;
  /** Finished exchanges by status class: index 1 to 5. */
  readonly byClass: readonly number[];
  /** Responses of the gateway itself. */
  readonly byReason: Readonly<Partial<Record<ReasonCode, number>>>;
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** Attempts after the first, by why the attempt before had failed. */
  readonly retries: Readonly<Partial<Record<RetryReason, number>>>;
  readonly duration: HistogramSnapshot;
}
