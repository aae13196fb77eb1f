/**
 * Objects in the API server that do not satisfy the schema of their kind. The valid parts are kept, so that code which
 * reads the object finds the types that it expects; the object records what was removed, and is not served.
 */

/** One place where the object does not satisfy its schema. */
export interface Violation {
  /** `spec.rules[0].filters`; `` for the whole object. */
  readonly path: string;
  readonly message: string;
}

const REJECTED: unique symbol = Symbol('rejected');

interface Rejection {
  readonly violations: readonly Violation[];
  /** `reported`: by the provider of the object, so that the translator has nothing to report. */
  readonly reporting: 'reported' | 'unreported';
}

interface Rejectable {
  readonly [REJECTED]?: Rejection;
}

const NONE: readonly Violation[] = [];

/** A copy with the reasons why it is not served. */
export const markRejected = <T extends object>(
  object: T,
  violations: readonly Violation[],
  reporting: Rejection['reporting'] = 'unreported',
): T => ({ ...object, [REJECTED]: { violations, reporting } });

/** Empty: the object satisfies its schema. */
export const violationsOf = (object: object): readonly Violation[] =>
  (object as Rejectable)[REJECTED]?.violations ?? NONE;

/** Whether the provider of the object has reported its violations. */
export const isReported = (object: object): boolean =>
  (object as Rejectable)[REJECTED]?.reporting === 'reported';
