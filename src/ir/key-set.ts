import type { KeySetId } from './ids.ts';

/** Where the keys that verify tokens come from. */
export type KeySetSource =
  /** The text of a JSON Web Key Set (RFC 7517). */
  | { readonly kind: 'inline'; readonly jwks: string }
  /** `allowsHttp`: the address may be `http://` on a host other than this one. */
  | { readonly kind: 'uri'; readonly uri: string; readonly allowsHttp: boolean }
  /** OpenID Connect Discovery at the issuer. */
  | { readonly kind: 'discovery'; readonly issuer: string };

/** A key set that rules refer to. The id follows from the source: another source is another key set. */
export interface KeySetDefinition {
  readonly id: KeySetId;
  readonly source: KeySetSource;
}
