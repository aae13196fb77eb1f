/** A key set ready for use: finds the keys for a token, and imports each once per algorithm. */
import type { CryptoKey } from 'jose';
import type { PublicJwk } from '../lib/jwk-set.ts';
import { loadJose } from './load-jose.ts';

/** Signature algorithms of tokens (RFC 7518, RFC 8037). Symmetric ones and `none` do not exist here. */
export const SIGNATURE_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const;
export type SignatureAlgorithm = (typeof SIGNATURE_ALGORITHMS)[number];

const CURVE_OF: Readonly<Partial<Record<SignatureAlgorithm, string>>> = {
  ES256: 'P-256',
  ES384: 'P-384',
  ES512: 'P-521',
  EdDSA: 'Ed25519',
};

/** Keys tried for a token that does not name one. */
const MAX_TRIED = 8;

export class KeySet {
  readonly #keys: readonly PublicJwk[];
  readonly #imported = new Map<PublicJwk, Map<SignatureAlgorithm, Promise<CryptoKey>>>();

  constructor(keys: readonly PublicJwk[]) {
    this.#keys = keys;
  }

  /** Keys that may have made a signature. `kid`: undefined where the token names no key. */
  candidates(algorithm: SignatureAlgorithm, kid: string | undefined): readonly PublicJwk[] {
    const fitting = this.#keys.filter((key) => fits(key, algorithm));
    if (kid === undefined) return fitting.slice(0, MAX_TRIED);
    return fitting.filter((key) => key.kid === kid).slice(0, MAX_TRIED);
  }

  /** Rejects for a key that is malformed. */
  import(key: PublicJwk, algorithm: SignatureAlgorithm): Promise<CryptoKey> {
    const byAlgorithm = this.#imported.get(key) ?? new Map<SignatureAlgorithm, Promise<CryptoKey>>();
    this.#imported.set(key, byAlgorithm);
    const known = byAlgorithm.get(algorithm);
    if (known !== undefined) return known;
    const imported: Promise<CryptoKey> = loadJose().then(({ importJWK }) => importJWK({ ...key }, algorithm));
    byAlgorithm.set(algorithm, imported);
    return imported;
  }
}

function fits({ kty, crv, alg }: PublicJwk, algorithm: SignatureAlgorithm): boolean {
  if (alg !== undefined && alg !== algorithm && !(algorithm === 'EdDSA' && alg === 'Ed25519')) return false;
  const curve = CURVE_OF[algorithm];
  return curve === undefined ? kty === 'RSA' : crv === curve;
}
