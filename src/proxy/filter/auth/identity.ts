/** Identities of clients, with the header edits by which backends learn of them. */
import type { HeaderEdit, HeaderField } from '../../../ir/filter.ts';
import type { Principal } from '../../exchange/principal.ts';
import { SharedEdits } from '../../exchange/shared-edits.ts';
import type { Identity } from './auth-method.ts';
import type { CompiledSource } from './credential-reader.ts';

export class IdentityMaker {
  /** Removes what clients claim to be; also from trailers. */
  readonly #removal: HeaderEdit;
  /** For requests without identity. */
  readonly anonymous: SharedEdits;

  constructor(identityFields: readonly string[]) {
    this.#removal = { set: [], add: [], remove: identityFields };
    this.anonymous = new SharedEdits([this.#removal]);
  }

  /** `source`: where the credential comes from; null: it is not part of the request. */
  make(principal: Principal, fields: readonly HeaderField[], source: CompiledSource | null): Identity {
    const stripEdit = source?.stripEdit ?? null;
    const own: HeaderEdit[] = [
      ...(fields.length === 0 ? [] : [{ set: fields, add: [], remove: [] }]),
      ...(stripEdit === null ? [] : [stripEdit]),
    ];
    return {
      kind: 'identity',
      principal,
      edits: { own, all: new SharedEdits([this.#removal, ...own]) },
      strip: source?.strip ?? null,
    };
  }
}
