/** Health check counters of one cluster, over all its definitions. */
import type { CheckFailure } from './check-result.ts';
import type { EjectionCause } from './outlier.ts';

export type CheckOutcome = CheckFailure | 'passed';

export class HealthCounters {
  readonly ejections: Record<EjectionCause, number> = {
    consecutive_5xx: 0,
    gateway_errors: 0,
    success_rate: 0,
  };
  readonly checks: Record<CheckOutcome, number> = {
    passed: 0,
    connect_failed: 0,
    timeout: 0,
    reset: 0,
    invalid: 0,
    status: 0,
    not_serving: 0,
  };
}
