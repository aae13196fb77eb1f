import type { ObjectRef } from './ref.ts';

/** `error`: something asked for is not served. `warning`: served, but likely not as meant. `info`: worth knowing. */
export type Severity = 'error' | 'warning' | 'info';

/** Something about a user's object that `sluice check` reports. The only way to say that configuration is wrong. */
export interface Finding {
  readonly severity: Severity;
  /** Stable kebab-case name of the kind of finding, for suppressions and documentation. */
  readonly code: string;
  readonly object: ObjectRef;
  /** Field the finding is about, as a path such as `spec.rules[0].backendRefs[1].name`; `` for the whole object. */
  readonly path: string;
  readonly message: string;
  /** What to write instead; null when there is nothing better than the message. */
  readonly hint: string | null;
  /** The object that the reference at `path` names; absent when the finding is not about a reference. */
  readonly target?: ObjectRef;
}
