/** JSON Web Key Sets (RFC 7517): the public keys in them that can verify a signature. */
import { failure, success, type Result } from './result.ts';

/** Members of a public key; others, private ones among them, are left out. */
export interface PublicJwk {
  readonly kty: 'RSA' | 'EC' | 'OKP';
  readonly kid?: string;
  readonly alg?: string;
  readonly crv?: string;
  readonly n?: string;
  readonly e?: string;
  readonly x?: string;
  readonly y?: string;
}

export interface JwkSet {
  readonly keys: readonly PublicJwk[];
  /** The text holds a private or symmetric key, which has no place in a key set that others read. */
  readonly hasSecretKeys: boolean;
}

/** Providers have a handful; each is tried for tokens without `kid`. */
const MAX_KEYS = 64;

const CURVES: ReadonlySet<string> = new Set(['P-256', 'P-384', 'P-521']);

/** Fails with a sentence for people. */
export function parseJwkSet(text: string): Result<JwkSet, string> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return failure('it is not JSON.');
  }
  const keys = isObject(parsed) ? parsed['keys'] : undefined;
  if (!Array.isArray(keys)) return failure('it has no list `keys` (RFC 7517 section 5).');
  const objects = keys.slice(0, MAX_KEYS).filter(isObject);
  const usable = objects.flatMap((key) => publicKey(key) ?? []);
  if (usable.length === 0) {
    return failure('none of its keys can verify a signature: RSA, EC and Ed25519 keys can.');
  }
  const hasSecretKeys = objects.some(({ kty, d }) => kty === 'oct' || d !== undefined);
  return success({ keys: usable, hasSecretKeys });
}

type Members = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** null: the key is for another purpose, or of a type that verifies nothing. */
function publicKey(key: Members): PublicJwk | null {
  const { kty, use, key_ops: operations } = key;
  if (use !== undefined && use !== 'sig') return null;
  if (Array.isArray(operations) && !operations.includes('verify')) return null;
  const named = pick(key, ['kid', 'alg']);
  if (kty === 'RSA' && hasText(key, ['n', 'e'])) return { ...named, kty, ...pick(key, ['n', 'e']) };
  if (kty === 'EC' && hasText(key, ['crv', 'x', 'y']) && CURVES.has(key['crv'] as string)) {
    return { ...named, kty, ...pick(key, ['crv', 'x', 'y']) };
  }
  if (kty === 'OKP' && key['crv'] === 'Ed25519' && hasText(key, ['x'])) {
    return { ...named, kty, ...pick(key, ['crv', 'x']) };
  }
  return null;
}

const hasText = (key: Members, names: readonly string[]): boolean =>
  names.every((name) => typeof key[name] === 'string');

const pick = (key: Members, names: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    names.flatMap((name) => (typeof key[name] === 'string' ? [[name, key[name]] as const] : [])),
  );
