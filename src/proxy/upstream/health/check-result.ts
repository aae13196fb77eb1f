/** The result of one active check. */

/** Why a check failed; a metric label. */
export type CheckFailure =
  | 'connect_failed'
  | 'timeout'
  | 'reset'
  | 'invalid'
  /** The HTTP or gRPC status reports a failure. */
  | 'status'
  | 'not_serving';

export interface CheckResult {
  /** null = it passed. */
  readonly failure: CheckFailure | null;
  /** The observation as text; `` if it passed. */
  readonly detail: string;
}

export const PASSED: CheckResult = { failure: null, detail: '' };

const SEEN: Readonly<Record<Exclude<CheckFailure, 'status'>, string>> = {
  connect_failed: 'no connection',
  timeout: 'no response in time',
  reset: 'the connection was closed',
  invalid: 'the response is malformed',
  not_serving: 'it reports NOT_SERVING',
};

export const failed = (failure: Exclude<CheckFailure, 'status'>): CheckResult => ({
  failure,
  detail: SEEN[failure],
});

export const wrongStatus = (detail: string): CheckResult => ({ failure: 'status', detail });

/** Makes the checks of one endpoint, one at a time. */
export interface Probe {
  /** Starts a check. `done` is called once, perhaps within the call; never after the returned function, which aborts it. */
  start(done: (result: CheckResult) => void): () => void;
}
