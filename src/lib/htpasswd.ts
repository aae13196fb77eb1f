/** htpasswd files: one `user:hash` a line, as Apache's htpasswd and `openssl passwd` write them. Hashes are recognised here, not checked. */

export type PasswordScheme = 'bcrypt' | 'apr1' | 'sha' | 'sha256-crypt' | 'sha512-crypt';

export interface HtpasswdEntry {
  readonly user: string;
  readonly hash: string;
}

export interface HtpasswdProblem {
  /** Counts from 1. */
  readonly line: number;
  /** Never contains the hash. */
  readonly why: string;
}

export interface Htpasswd {
  /** In the order of the file; the first entry of a user counts, as in Apache. */
  readonly entries: readonly HtpasswdEntry[];
  /** Lines that are left out: their users cannot sign in. */
  readonly problems: readonly HtpasswdProblem[];
}

/** One check of a greater cost would take seconds of CPU time. */
const MAX_BCRYPT_COST = 15;
const MAX_SHA_CRYPT_ROUNDS = 1_000_000;

const SALT = '[./0-9A-Za-z]';
const SCHEMES: readonly (readonly [PasswordScheme, RegExp])[] = [
  ['bcrypt', /^\$2[aby]\$(\d\d)\$[./0-9A-Za-z]{53}$/],
  ['apr1', new RegExp(`^\\$apr1\\$${SALT}{1,8}\\$[./0-9A-Za-z]{22}$`)],
  ['sha', /^\{SHA\}[A-Za-z0-9+/]{27}=$/],
  ['sha256-crypt', new RegExp(`^\\$5\\$(?:rounds=(\\d{1,9})\\$)?${SALT}{1,16}\\$[./0-9A-Za-z]{43}$`)],
  ['sha512-crypt', new RegExp(`^\\$6\\$(?:rounds=(\\d{1,9})\\$)?${SALT}{1,16}\\$[./0-9A-Za-z]{86}$`)],
];

/** null: not a hash that can be checked. */
export function passwordScheme(hash: string): PasswordScheme | null {
  return SCHEMES.find(([, pattern]) => pattern.test(hash))?.[0] ?? null;
}

export function parseHtpasswd(text: string): Htpasswd {
  const entries = new Map<string, HtpasswdEntry>();
  const problems: HtpasswdProblem[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const why = problemOf(line);
    if (why !== null) problems.push({ line: index + 1, why });
    else {
      const [user = '', hash = ''] = line.split(':', 2);
      if (!entries.has(user)) entries.set(user, { user, hash });
    }
  }
  return { entries: [...entries.values()], problems };
}

function problemOf(line: string): string | null {
  const colon = line.indexOf(':');
  if (colon <= 0) return 'it is not of the form user:hash';
  const hash = line.slice(colon + 1);
  const [scheme, pattern] = SCHEMES.find(([, known]) => known.test(hash)) ?? [];
  if (scheme === undefined) {
    return 'the hash is none of bcrypt, apr1 (MD5), SHA, SHA-256-crypt and SHA-512-crypt';
  }
  const cost = Number(pattern?.exec(hash)?.[1] ?? 0);
  if (scheme === 'bcrypt' && (cost < 4 || cost > MAX_BCRYPT_COST)) {
    return `the bcrypt cost is ${String(cost)}; 4 to ${String(MAX_BCRYPT_COST)} are supported`;
  }
  return cost > MAX_SHA_CRYPT_ROUNDS
    ? `the hash has ${String(cost)} rounds; at most ${String(MAX_SHA_CRYPT_ROUNDS)} are supported`
    : null;
}
