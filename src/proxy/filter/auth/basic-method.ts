/** Basic credentials (RFC 7617) against an htpasswd file. Hashing happens elsewhere; what was accepted is cached. */
import type { PasswordChecks, PasswordVerdict } from '../../../credentials/password-checks.ts';
import type { BasicMethod } from '../../../ir/auth.ts';
import type { PolicySecret } from '../../../ir/secret.ts';
import { parseHtpasswd } from '../../../lib/htpasswd.ts';
import { RecentMap } from '../../../lib/recent-map.ts';
import { NO_CLAIMS } from '../../exchange/claims.ts';
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
import { secretDigest } from './secret-digest.ts';

export const BASIC: MethodDefinition<BasicMethod> = {
  compile(method, context) {
    const secret = context.deps.secretOf(method.users);
    if (secret === null) throw new Error(`there is no secret ${method.users}`);
    return new CompiledBasic(method, usersOf(secret), context);
  },
  describe: ({ users }) => `Basic credentials of Secret ${users}`,
};

/** An htpasswd file, shared by all rules that use it. Texts are octets. */
interface Users {
  readonly hashes: ReadonlyMap<string, string>;
  /** A hash that no password of an unknown user can match, and that takes as long. */
  readonly standIn: string;
  /** Accepted credentials by digest, for each form that identities have. */
  readonly accepted: Map<string, RecentMap<Identity>>;
}

const NO_USER = '{SHA}AAAAAAAAAAAAAAAAAAAAAAAAAAA=';
const CACHED_USERS = 10_000;

const known = new WeakMap<PolicySecret, Users>();

function usersOf(secret: PolicySecret): Users {
  const users = known.get(secret) ?? readUsers(secret);
  known.set(secret, users);
  return users;
}

function readUsers({ text }: PolicySecret): Users {
  const { entries } = parseHtpasswd(text.reveal());
  return {
    hashes: new Map(entries.map(({ user, hash }) => [user, hash])),
    standIn: entries[0]?.hash ?? NO_USER,
    accepted: new Map(),
  };
}

const INVALID: AuthFailure = { kind: 'failure', reason: 'auth_invalid' };

const FAILURES: Readonly<Record<Exclude<PasswordVerdict, 'accepted'>, AuthFailure>> = {
  rejected: INVALID,
  throttled: { kind: 'failure', reason: 'auth_throttled', retryAfter: 60 },
  busy: { kind: 'failure', reason: 'auth_throttled', retryAfter: 1 },
};

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
/** Hashing time grows with the length of a password. */
const MAX_PASSWORD_BYTES = 1_024;

class CompiledBasic implements CompiledMethod {
  readonly challenge: string;
  readonly #users: Users;
  readonly #accepted: RecentMap<Identity>;
  readonly #passwords: PasswordChecks;
  readonly #reader: CredentialReader;
  readonly #identities: IdentityMaker;
  readonly #userField: string | null;

  constructor(method: BasicMethod, users: Users, { deps, identities, cacheKey }: MethodContext) {
    this.challenge = `Basic realm="${method.realm.replaceAll(/["\\]/g, '\\$&')}", charset="UTF-8"`;
    this.#users = users;
    this.#accepted = users.accepted.get(cacheKey) ?? new RecentMap(CACHED_USERS);
    users.accepted.set(cacheKey, this.#accepted);
    this.#passwords = deps.passwords;
    this.#reader = new CredentialReader(
      [{ kind: 'header', name: 'authorization', scheme: 'Basic' }],
      method.forward,
    );
    this.#identities = identities;
    this.#userField = method.userField;
  }

  find({ head }: Exchange): FoundCredential | null {
    return this.#reader.find(head);
  }

  check(credential: FoundCredential, { clientAddress }: Exchange): AuthOutcome | PendingCheck {
    const { value, source } = credential;
    const digest = secretDigest(value);
    const accepted = this.#accepted.get(digest);
    if (accepted !== undefined) return accepted;
    const read = readCredentials(value);
    if (read === null) return INVALID;
    const { user, password } = read;
    const hash = this.#users.hashes.get(user);
    const question = {
      hash: hash ?? this.#users.standIn,
      password,
      isUnknownUser: hash === undefined,
      client: clientAddress,
    };
    return pendingCheck(
      this.#passwords.check(question).then((verdict) => {
        if (verdict !== 'accepted') return FAILURES[verdict];
        const identity = this.#identify(user, source);
        this.#accepted.set(digest, identity);
        return identity;
      }),
    );
  }

  #identify(octets: string, source: FoundCredential['source']): Identity {
    const user = Buffer.from(octets, 'latin1').toString('utf8');
    const fields = this.#userField === null ? [] : [{ name: this.#userField, value: user }];
    return this.#identities.make({ method: 'basic', user, client: '', claims: NO_CLAIMS }, fields, source);
  }
}

function readCredentials(value: string): { readonly user: string; readonly password: Buffer } | null {
  if (!BASE64.test(value)) return null;
  const bytes = Buffer.from(value, 'base64');
  const colon = bytes.indexOf(':');
  if (colon < 0 || bytes.length - colon - 1 > MAX_PASSWORD_BYTES || bytes.includes(0)) return null;
  return { user: bytes.toString('latin1', 0, colon), password: bytes.subarray(colon + 1) };
}
