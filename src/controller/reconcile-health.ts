/** Whether reconciling works: one failed run may be a coincidence, a second in a row means that changes no longer reach the proxies. */

export interface ReconcileHealth {
  /** Number of failed runs. */
  readonly failures: number;
  /** Number of consecutive failed runs. */
  readonly consecutive: number;
  /** The most recent failure; null if the last run succeeded. */
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
