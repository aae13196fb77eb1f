/** Makes keys and tokens as an identity provider does, and as an attacker does. For tests. */
import { createHmac, generateKeyPairSync, randomUUID, sign, type KeyObject } from 'node:crypto';

export type Claims = Readonly<Record<string, unknown>>;
export type KeyAlgorithm = 'RS256' | 'PS256' | 'ES256' | 'EdDSA';

export interface SigningKey {
  readonly kid: string;
  readonly alg: KeyAlgorithm;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

function keyPair(alg: KeyAlgorithm): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  if (alg === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' });
  if (alg === 'EdDSA') return generateKeyPairSync('ed25519');
  return generateKeyPairSync('rsa', { modulusLength: 2_048 });
}

export const signingKey = (alg: KeyAlgorithm = 'ES256', kid: string = randomUUID()): SigningKey => ({
  kid,
  alg,
  ...keyPair(alg),
});

export const jwkOf = ({ kid, alg, publicKey }: SigningKey): Record<string, unknown> => ({
  ...publicKey.export({ format: 'jwk' }),
  kid,
  alg,
  use: 'sig',
});

/** As a provider serves it. */
export const jwksOf = (...keys: readonly SigningKey[]): string => JSON.stringify({ keys: keys.map(jwkOf) });

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function signatureOf({ alg, privateKey }: SigningKey, text: string): Buffer {
  const bytes = Buffer.from(text);
  if (alg === 'EdDSA') return sign(null, bytes, privateKey);
  if (alg === 'ES256') return sign('sha256', bytes, { key: privateKey, dsaEncoding: 'ieee-p1363' });
  if (alg === 'RS256') return sign('sha256', bytes, privateKey);
  return sign('sha256', bytes, { key: privateKey, padding: 6, saltLength: 32 });
}

/** `header`: members that replace those of the key. */
export function signToken(key: SigningKey, claims: Claims, header: Claims = {}): string {
  const { alg, kid } = key;
  const text = `${part({ alg, kid, typ: 'JWT', ...header })}.${part(claims)}`;
  return `${text}.${signatureOf(key, text).toString('base64url')}`;
}

/** A token without a signature (`alg: none`). */
export const unsignedToken = (claims: Claims, signature = ''): string =>
  `${part({ alg: 'none', typ: 'JWT' })}.${part(claims)}.${signature}`;

/** Signed with HMAC, with the text of a public key for its secret. */
export function confusedToken({ kid, publicKey }: SigningKey, claims: Claims, form: 'pem' | 'der'): string {
  const text = `${part({ alg: 'HS256', kid, typ: 'JWT' })}.${part(claims)}`;
  const secret =
    form === 'pem'
      ? publicKey.export({ type: 'spki', format: 'pem' })
      : publicKey.export({ type: 'spki', format: 'der' });
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}
