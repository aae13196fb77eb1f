/** Hides the fields by which backends learn who the client is, before anything reads them: clients cannot set them. */
import type { AuthValue } from '../../../ir/auth.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { HttpFilter } from '../../exchange/http-filter.ts';
import type { FieldHiding } from '../../message/field-policy.ts';
import { Suspect } from '../../message/header-id.ts';
import { nameHash } from '../../message/name-hash.ts';
import type { FilterDefinition } from '../definition.ts';
import { describeAuth } from './describe-auth.ts';

const KIND = 'auth';

export const IDENTITY_FIELDS: FilterDefinition<AuthValue> = {
  kind: KIND,
  stages: { request: 'identity' },
  precedence: 'both',
  actsFor: ({ settings: { identityFields } }) => identityFields.length > 0,
  compile: ({ settings: { identityFields } }) => ({ request: new IdentityFields(identityFields) }),
  describe: describeAuth,
};

class IdentityFields implements HttpFilter, FieldHiding {
  readonly kind = KIND;
  readonly #names: ReadonlySet<string>;
  readonly #hashes: readonly number[];

  constructor(names: readonly string[]) {
    this.#names = new Set(names.map(withDashes));
    this.#hashes = [...this.#names].map(nameHash);
  }

  apply({ head }: Exchange): 'continue' {
    head.hide(this);
    return 'continue';
  }

  concerns(suspect: number, hash: number | null): boolean {
    return hash === null || this.#hashes.includes(hash) || (suspect & Suspect.underscore) !== 0;
  }

  hides(_suspect: number, name: string): boolean {
    return this.#names.has(name) || this.#names.has(withDashes(name));
  }
}

/** Applications that read `x_user` and `x-user` as one name would take the twin for the field. */
const withDashes = (name: string): string => name.replaceAll('_', '-');
