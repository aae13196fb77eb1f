/** Signed tokens (JWT). A token that was verified is cached by its bytes until it expires or the key set changes. */
import type { FollowedKeySet } from '../../../credentials/key-sets.ts';
import { SIGNATURE_ALGORITHMS, type KeySet } from '../../../credentials/key-set.ts';
import {
  claimedIssuer,
  verifyToken,
  type InvalidToken,
  type TokenRules,
  type TokenVerdict,
} from '../../../credentials/token-verifier.ts';
import type { JwtMethod } from '../../../ir/auth.ts';
import type { HeaderField } from '../../../ir/filter.ts';
import { RecentMap } from '../../../lib/recent-map.ts';
import {
  claimAt,
  claimName,
  claimText,
  hasClaim,
  type ClaimName,
  type Claims,
} from '../../exchange/claims.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import {
  pendingCheck,
  type AuthFailure,
  type AuthOutcome,
  type CompiledMethod,
  type Identity,
  type PendingCheck,
} from './auth-method.ts';
import { CredentialReader, type FoundCredential } from './credential-reader.ts';
import type { IdentityMaker } from './identity.ts';
import type { MethodContext, MethodDefinition } from './methods.ts';

export const JWT: MethodDefinition<JwtMethod> = {
  compile(method, context) {
    const keySet = context.deps.keySetOf(method.keySet);
    if (keySet === null) throw new Error(`there is no key set ${method.keySet}`);
    return new CompiledJwt(method, keySet, context);
  },
  describe: ({ issuer }) => `JWT of ${issuer}`,
};

interface VerifiedToken {
  readonly token: string;
  readonly identity: Identity;
  readonly validUntilMs: number;
}

/** Verified tokens of one key set and one source, of whichever rules have the same method; by the end of their signature. */
type TokenCache = RecentMap<VerifiedToken>;

/** Hashing a whole token takes longer than all else: the end of its signature finds it, and then the whole is compared. */
const keyOf = (token: string): string => token.slice(-KEY_LENGTH);
const KEY_LENGTH = 43;

const CACHED_TOKENS = 5_000;
const CACHED_CHARACTERS = 4_194_304;

const caches = new WeakMap<KeySet, Map<string, TokenCache>>();

function cacheOf(keys: KeySet, cacheKey: string): TokenCache {
  const ofKeys = caches.get(keys) ?? new Map<string, TokenCache>();
  caches.set(keys, ofKeys);
  const cache =
    ofKeys.get(cacheKey) ??
    new RecentMap<VerifiedToken>(CACHED_TOKENS, CACHED_CHARACTERS, ({ token }) => token.length);
  ofKeys.set(cacheKey, cache);
  return cache;
}

const UNAVAILABLE: AuthFailure = { kind: 'failure', reason: 'jwks_unavailable' };

/** `error_description` of RFC 6750 section 3. */
const DESCRIPTIONS: Readonly<Record<InvalidToken | 'unknown key', string>> = {
  malformed: 'The token is malformed',
  algorithm: 'The signature algorithm is not accepted',
  signature: 'The signature is invalid',
  issuer: 'The token is from another issuer',
  audience: 'The token is for another audience',
  expired: 'The token has expired',
  'not yet valid': 'The token is not valid yet',
  claims: 'The token lacks a required claim',
  'unknown key': 'The key of the signature is unknown',
};

class CompiledJwt implements CompiledMethod {
  readonly challenge: string | null;
  readonly #rules: TokenRules;
  readonly #keySet: FollowedKeySet;
  readonly #reader: CredentialReader;
  readonly #identities: IdentityMaker;
  readonly #cacheKey: string;
  readonly #required: readonly { readonly claim: ClaimName; readonly values: ReadonlySet<string> }[];
  readonly #fields: readonly { readonly claim: ClaimName; readonly field: string }[];
  /** The caches of `#cachedFor`, by index of the source. */
  #tokens: readonly TokenCache[] = [];
  #cachedFor: KeySet | null = null;
  /** Verifications in flight: of requests with the same token, one verifies it. */
  readonly #verifying = new Map<string, Promise<AuthOutcome>>();

  constructor(method: JwtMethod, keySet: FollowedKeySet, { identities, cacheKey }: MethodContext) {
    const { issuer, audiences, algorithms, clockSkewMs, from, forward } = method;
    this.#keySet = keySet;
    this.#rules = {
      issuer,
      audiences,
      algorithms: SIGNATURE_ALGORITHMS.filter((algorithm) => algorithms.includes(algorithm)),
      clockSkewMs,
    };
    this.#reader = new CredentialReader(from, forward);
    this.#identities = identities;
    this.#cacheKey = cacheKey;
    this.#required = method.requiredClaims.map(({ name, values }) => ({
      claim: claimName(name),
      values: new Set(values),
    }));
    this.#fields = method.claimFields.map(({ claim, field }) => ({ claim: claimName(claim), field }));
    this.challenge = challengeOf(from);
  }

  find({ head }: Exchange): FoundCredential | null {
    return this.#reader.find(head);
  }

  /** A token that names another issuer is another method's, if the policy has one for it. */
  accepts(credential: FoundCredential): boolean {
    return this.#cached(credential) !== null || claimedIssuer(credential.value) === this.#rules.issuer;
  }

  check(credential: FoundCredential): AuthOutcome | PendingCheck {
    return this.#cached(credential) ?? pendingCheck(this.#verifyOnce(credential));
  }

  #cached({ value, source }: FoundCredential): Identity | null {
    const { keys } = this.#keySet;
    if (keys === null) return null;
    if (this.#cachedFor !== keys) this.#useKeys(keys);
    const known = this.#tokens[source.index]?.get(keyOf(value));
    if (known === undefined || known.token !== value) return null;
    return known.validUntilMs > Date.now() ? known.identity : null;
  }

  #useKeys(keys: KeySet): void {
    this.#cachedFor = keys;
    this.#tokens = this.#reader.sources.map(({ index }) =>
      cacheOf(keys, `${this.#cacheKey} ${String(index)}`),
    );
  }

  #verifyOnce(credential: FoundCredential): Promise<AuthOutcome> {
    const key = `${String(credential.source.index)} ${credential.value}`;
    const known = this.#verifying.get(key);
    if (known !== undefined) return known;
    const verifying = this.#verify(credential).finally(() => {
      this.#verifying.delete(key);
    });
    this.#verifying.set(key, verifying);
    return verifying;
  }

  async #verify({ value, source }: FoundCredential): Promise<AuthOutcome> {
    const keySet = this.#keySet;
    if (keySet.keys === null) await keySet.waitForNewer();
    let { keys } = keySet;
    if (keys === null) return UNAVAILABLE;
    let verdict = await verifyToken(value, keys, this.#rules, Date.now());
    if (verdict.kind === 'unknown-key') {
      await keySet.waitForNewer();
      const before = keys;
      keys = keySet.keys ?? before;
      if (keys !== before) verdict = await verifyToken(value, keys, this.#rules, Date.now());
    }
    if (verdict.kind !== 'valid') return this.#invalid(verdict);
    const { claims, validUntilMs } = verdict;
    if (!this.#hasRequired(claims)) return this.#invalid({ kind: 'invalid', why: 'claims' });
    const { sub } = claims;
    const principal = {
      method: 'jwt' as const,
      user: typeof sub === 'string' ? sub : '',
      client: '',
      claims,
    };
    const identity = this.#identities.make(principal, this.#identityFields(claims), source);
    cacheOf(keys, `${this.#cacheKey} ${String(source.index)}`).set(keyOf(value), {
      token: value,
      identity,
      validUntilMs,
    });
    return identity;
  }

  #invalid(verdict: Exclude<TokenVerdict, { readonly kind: 'valid' }>): AuthFailure {
    const description = DESCRIPTIONS[verdict.kind === 'invalid' ? verdict.why : 'unknown key'];
    const failure: AuthFailure = { kind: 'failure', reason: 'auth_invalid' };
    if (this.challenge === null) return failure;
    const details = `error="invalid_token", error_description="${description}"`;
    return { ...failure, challenge: `${this.challenge} ${details}` };
  }

  #hasRequired(claims: Claims): boolean {
    return this.#required.every(({ claim, values }) =>
      values.size === 0 ? claimAt(claims, claim) !== undefined : hasClaim(claims, claim, values),
    );
  }

  #identityFields(claims: Claims): readonly HeaderField[] {
    return this.#fields.flatMap(({ claim, field }) => {
      const value = fieldText(claimAt(claims, claim));
      return value === null ? [] : [{ name: field, value }];
    });
  }
}

/** Tokens that are no `Authorization` have no challenge. */
const challengeOf = (from: JwtMethod['from']): string | null =>
  from.flatMap((source) =>
    source.kind === 'header' && source.name === 'authorization' && source.scheme !== ''
      ? [source.scheme]
      : [],
  )[0] ?? null;

/** A list is joined by commas; what is no text, number or boolean, or holds a comma itself in a list, is left out. */
function fieldText(value: unknown): string | null {
  if (!Array.isArray(value)) return claimText(value);
  const texts = value.map(claimText).filter((text) => text !== null && !text.includes(','));
  return texts.length === 0 ? null : texts.join(',');
}
