/** What is read of one method of an AuthPolicy. */
import type { AuthMethod } from '../../../ir/auth.ts';
import type { KeySetDefinition } from '../../../ir/key-set.ts';
import type { Fault } from '../../faults/fault.ts';
import type { ReferenceContext } from '../../graph/certificate.ts';
import type { PolicySecretNode } from '../policy-kind.ts';

export interface MethodReading<Method = AuthMethod> {
  /** null: it cannot be applied. */
  readonly method: Method | null;
  /** Header names, in lower case, by which backends learn who the client is. */
  readonly identityFields: readonly string[];
  readonly faults: readonly Fault[];
  readonly referenceFaults: readonly Fault[];
  readonly warnings: readonly Fault[];
  readonly secrets: readonly PolicySecretNode[];
  readonly keySets: readonly KeySetDefinition[];
}

/** Reads a method of one kind; `path`: the field path of its block. */
export type MethodReader<Spec> = (spec: Spec, path: string, context: ReferenceContext) => MethodReading;

export const NOTHING_READ: MethodReading<never> = {
  method: null,
  identityFields: [],
  faults: [],
  referenceFaults: [],
  warnings: [],
  secrets: [],
  keySets: [],
};
