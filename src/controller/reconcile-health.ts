/** Whether reconciling works: one run that fails may be chance, a second in a row means that changes no longer reach the proxies. */

export interface ReconcileHealth {
  /** Runs that failed, ever. */
  readonly failures: number;
  /** Runs that failed since the last one that did not. */
  readonly consecutive: number;
  /** The last failure in a row; null when the last run succeeded. */
  readonly error: string | null;
}

export const HEALTHY: ReconcileHealth = { failures: 0, consecutive: 0, error: null };

const TOLERATED = 1;

export const afterSuccess = ({ failures }: ReconcileHealth): ReconcileHealth => ({
  failures,
  consecutive: 0,
  error: null,
});

export const afterFailure = (
  { failures, consecutive }: ReconcileHealth,
  error: unknown,
): ReconcileHealth => ({
  failures: failures + 1,
  consecutive: consecutive + 1,
  error: String(error),
});

/** Why the gateway is not ready; null while reconciling works. */
export const reconcileTrouble = ({ consecutive, error }: ReconcileHealth): string | null =>
  consecutive <= TOLERATED
    ? null
    : `changes are not applied: reconciling failed ${String(consecutive)} times in a row (${error ?? ''})`;
