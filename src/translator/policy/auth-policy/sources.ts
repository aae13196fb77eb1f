/** `from`: where requests carry a credential. */
import type { CredentialSource } from '../../../ir/auth.ts';
import type { Fault } from '../../faults/fault.ts';
import { policyValue } from '../faults.ts';

export interface SourceSpec {
  readonly header?: string;
  readonly scheme?: string;
  readonly cookie?: string;
  readonly query?: string;
}

export const readSources = (from: readonly SourceSpec[]): readonly CredentialSource[] =>
  from.flatMap(({ header, scheme = '', cookie, query }): CredentialSource[] => {
    if (header !== undefined) return [{ kind: 'header', name: header.toLowerCase(), scheme }];
    if (cookie !== undefined) return [{ kind: 'cookie', name: cookie }];
    return query === undefined ? [] : [{ kind: 'query', name: query }];
  });

/** Checks that the schema has as well, for objects that were stored before. */
export const sourceFaults = (from: readonly SourceSpec[], path: string): readonly Fault[] =>
  from.flatMap(({ header, cookie, query }, index) =>
    [header, cookie, query].filter((name) => name !== undefined).length === 1
      ? []
      : [policyValue(`${path}[${String(index)}]`, 'exactly one of header, cookie and query must be set.')],
  );
