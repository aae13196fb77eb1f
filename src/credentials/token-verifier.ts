/** Verifies signed tokens (JWT, RFC 7519) with a key set, as RFC 8725 recommends. */
import type { JWTPayload, JWTVerifyOptions } from 'jose';
import type { KeySet, SignatureAlgorithm } from './key-set.ts';
import { loadJose, type Jose } from './load-jose.ts';

export interface TokenRules {
  readonly issuer: string;
  /** One of them must be an audience of the token; empty: tokens for any audience are accepted. */
  readonly audiences: readonly string[];
  readonly algorithms: readonly SignatureAlgorithm[];
  readonly clockSkewMs: number;
}

export type TokenVerdict =
  | {
      readonly kind: 'valid';
      readonly claims: JWTPayload;
      /** Milliseconds since 1970, with the clock skew; Infinity for a token that does not expire. */
      readonly validUntilMs: number;
    }
  | { readonly kind: 'invalid'; readonly why: InvalidToken }
  /** No key of the set fits: the provider may have a newer one. */
  | { readonly kind: 'unknown-key' };

export type InvalidToken =
  'malformed' | 'algorithm' | 'signature' | 'issuer' | 'audience' | 'expired' | 'not yet valid' | 'claims';

/** Longer than any token that fits into a head with room for other fields. */
export const MAX_TOKEN_LENGTH = 16_384;

const TOKEN = /^[\w-]+\.[\w-]+\.[\w-]+$/;

const invalid = (why: InvalidToken): TokenVerdict => ({ kind: 'invalid', why });

/** Never rejects. */
export async function verifyToken(
  token: string,
  keys: KeySet,
  rules: TokenRules,
  nowMs: number,
): Promise<TokenVerdict> {
  const header = readHeader(token);
  if (header === null) return invalid('malformed');
  const algorithm = allowedAlgorithm(header.alg, rules.algorithms);
  if (algorithm === null) return invalid('algorithm');
  const candidates = keys.candidates(algorithm, header.kid);
  if (candidates.length === 0) return { kind: 'unknown-key' };
  const { jwtVerify, errors } = await loadJose();
  const options = optionsOf(rules, String(header.alg), nowMs);
  for (const candidate of candidates) {
    try {
      const key = await keys.import(candidate, algorithm);
      const { payload } = await jwtVerify(token, key, options);
      return { kind: 'valid', claims: payload, validUntilMs: endOf(payload, rules) };
    } catch (error) {
      const why = problemOf(error, errors);
      if (why !== 'signature') return invalid(why);
    }
  }
  return invalid('signature');
}

function optionsOf(rules: TokenRules, algorithm: string, nowMs: number): JWTVerifyOptions {
  return {
    algorithms: [algorithm],
    issuer: rules.issuer,
    ...(rules.audiences.length === 0 ? {} : { audience: [...rules.audiences] }),
    clockTolerance: rules.clockSkewMs / 1_000,
    currentDate: new Date(nowMs),
  };
}

const endOf = ({ exp }: JWTPayload, { clockSkewMs }: TokenRules): number =>
  exp === undefined ? Infinity : exp * 1_000 + clockSkewMs;

/** `Ed25519` is the newer name of `EdDSA` with that curve (RFC 9864). */
function allowedAlgorithm(name: unknown, allowed: readonly SignatureAlgorithm[]): SignatureAlgorithm | null {
  const wanted = name === 'Ed25519' ? 'EdDSA' : name;
  return allowed.find((algorithm) => algorithm === wanted) ?? null;
}

interface TokenHeader {
  readonly alg?: unknown;
  readonly kid: string | undefined;
}

/** null: not a signed token. Nothing in it is trusted yet. */
function readHeader(token: string): TokenHeader | null {
  if (token.length > MAX_TOKEN_LENGTH || !TOKEN.test(token)) return null;
  const header = decodePart(token.slice(0, token.indexOf('.')));
  if (header === null) return null;
  const { alg, kid } = header;
  return kid === undefined || typeof kid === 'string' ? { alg, kid } : null;
}

/** The issuer that a token claims, for choosing what verifies it; null: there is none to read. */
export function claimedIssuer(token: string): string | null {
  if (token.length > MAX_TOKEN_LENGTH || !TOKEN.test(token)) return null;
  const claims = decodePart(token.slice(token.indexOf('.') + 1, token.lastIndexOf('.')));
  const issuer = claims?.['iss'];
  return typeof issuer === 'string' ? issuer : null;
}

function decodePart(part: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}

function problemOf(error: unknown, errors: Jose['errors']): InvalidToken {
  if (error instanceof errors.JWTExpired) return 'expired';
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'iss') return 'issuer';
    if (error.claim === 'aud') return 'audience';
    return error.claim === 'nbf' ? 'not yet valid' : 'claims';
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'signature';
  if (error instanceof errors.JOSEAlgNotAllowed) return 'algorithm';
  // A key that cannot be imported, or is too short, verifies nothing.
  return error instanceof errors.JOSEError ? 'malformed' : 'signature';
}
