import type { ObjectRef } from './ref.ts';

/** `error`: Sluice does not serve it. `warning`: Sluice serves it, but probably not as intended. `info`: needs no action. */
export type Severity = 'error' | 'warning' | 'info';

/** A problem of a user's object that `sluice check` reports. All configuration problems are findings. */
export interface Finding {
  readonly severity: Severity;
  /** Stable kebab-case name of the kind of finding, for suppressions and documentation. */
  readonly code: string;
  readonly object: ObjectRef;
  /** Field the finding is about, as a path such as `spec.rules[0].backendRefs[1].name`; `` for the whole object. */
  readonly path: string;
  readonly message: string;
  /** How to fix it; null if the message says it all. */
  readonly hint: string | null;
  /** The object that the reference at `path` refers to; absent if the finding is not about a reference. */
  readonly target?: ObjectRef;
}
