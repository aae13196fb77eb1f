/** Authentication of requests (AuthPolicy). */
import type { KeySetId, SecretId } from './ids.ts';
import type { Origin } from './origin.ts';
import type { PolicyValueOf } from './policy-value.ts';

export type AuthValue = PolicyValueOf<'auth', AuthSettings>;

export interface AuthSettings {
  /** Each of them must let a request pass, the farthest policy first. Empty: a policy exempts the rule. */
  readonly checks: readonly AuthCheck[];
  /**
   * Names, in lower case, of the fields that say to backends who the client is: those of every policy for the rule, also of policies that
   * others replace. They are never taken from clients.
   */
  readonly identityFields: readonly string[];
}

/** What one policy demands. */
export interface AuthCheck {
  readonly policy: Origin;
  readonly mode: 'enforce' | 'audit';
  /** `optional`: requests without credentials pass; those with bad ones do not. */
  readonly requirement: 'required' | 'optional';
  /** The first method whose credentials a request carries decides. */
  readonly methods: readonly AuthMethod[];
}

/** A new kind of method adds one member; proxy/filter/auth/methods.ts has what each does. */
export type AuthMethod = JwtMethod | BasicMethod | ApiKeyMethod | ClientCertificateMethod;

/** Where a request carries a credential. */
export type CredentialSource =
  /** `scheme`: what the value begins with, before a space; `` for the whole value. The name is in lower case. */
  | { readonly kind: 'header'; readonly name: string; readonly scheme: string }
  | { readonly kind: 'cookie'; readonly name: string }
  | { readonly kind: 'query'; readonly name: string };

/** Whether backends receive the credential. */
export type CredentialForwarding = 'keep' | 'strip';

export interface JwtMethod {
  readonly kind: 'jwt';
  readonly issuer: string;
  /** Empty: any. */
  readonly audiences: readonly string[];
  readonly keySet: KeySetId;
  readonly from: readonly CredentialSource[];
  /** Names of RFC 7518 and RFC 8037, such as `ES256`. */
  readonly algorithms: readonly string[];
  readonly clockSkewMs: number;
  /** `values` empty: any value. */
  readonly requiredClaims: readonly { readonly name: string; readonly values: readonly string[] }[];
  readonly claimFields: readonly { readonly claim: string; readonly field: string }[];
  readonly forward: CredentialForwarding;
}

export interface BasicMethod {
  readonly kind: 'basic';
  /** An htpasswd file. */
  readonly users: SecretId;
  readonly realm: string;
  /** Receives the user's name; null: none does. */
  readonly userField: string | null;
  readonly forward: CredentialForwarding;
}

export interface ApiKeyMethod {
  readonly kind: 'api-key';
  /** A JSON object: key by client. */
  readonly keys: SecretId;
  readonly from: readonly CredentialSource[];
  /** Receives the client's name; null: none does. */
  readonly clientField: string | null;
  readonly forward: CredentialForwarding;
}

/** The certificate that the listener's TLS settings have validated. */
export interface ClientCertificateMethod {
  readonly kind: 'client-certificate';
  /** One of them must match; empty: any certificate that is valid. */
  readonly names: readonly CertificateName[];
}

/** A subject alternative name; in `value`, `*` matches any characters. */
export interface CertificateName {
  readonly type: 'URI' | 'DNS' | 'Email';
  readonly value: string;
}
