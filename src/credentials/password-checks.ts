/**
 * Checks passwords without blocking the event loop: one thread hashes, results are cached, and clients that keep failing are refused
 * before anything is hashed. There is one for all workers of a proxy, so that a password is hashed once, and failures count once.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { clientNetwork } from './client-network.ts';
import { FailureLimit, type FailureLimitOptions } from './failure-limit.ts';
import { HashingThread } from './hashing-thread.ts';

export interface PasswordQuestion {
  /** As in the htpasswd file. */
  readonly hash: string;
  readonly password: Buffer;
  /** The hash is a stand-in for a user that does not exist: the check takes as long as another, and fails. */
  readonly isUnknownUser: boolean;
  /** Address of the client, whose failures count. */
  readonly client: string;
}

export type PasswordVerdict =
  | 'accepted'
  | 'rejected'
  /** The client has failed too often. */
  | 'throttled'
  /** Too many passwords wait to be hashed. */
  | 'busy';

export interface PasswordChecks {
  /** Never rejects. */
  check(question: PasswordQuestion): Promise<PasswordVerdict>;
}

const FAILED_PASSWORDS: FailureLimitOptions = { failures: 10, windowMs: 60_000 };

const MAX_ACCEPTED = 50_000;

export interface PasswordCheckerOptions {
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
  readonly limit?: FailureLimitOptions;
}

export class PasswordChecker implements PasswordChecks {
  readonly #thread = new HashingThread();
  readonly #failures: FailureLimit;
  /** Keys what is cached, so that memory holds no password that could be guessed from its digest. */
  readonly #secret = randomBytes(32);
  /** Digests of pairs of password and hash that match, the least recently used first. */
  readonly #accepted = new Set<string>();
  /** Checks in flight by digest: of requests with the same credentials, one is hashed. */
  readonly #checking = new Map<string, Promise<boolean>>();
  /** Checks in flight by client: each may become a failure. */
  readonly #attempts = new Map<string, number>();

  constructor({ now = () => performance.now(), limit = FAILED_PASSWORDS }: PasswordCheckerOptions = {}) {
    this.#failures = new FailureLimit(limit, now);
  }

  async check(question: PasswordQuestion): Promise<PasswordVerdict> {
    const client = clientNetwork(question.client);
    const digest = this.#digest(question);
    if (this.#accepted.delete(digest)) {
      this.#accepted.add(digest);
      return 'accepted';
    }
    const known = this.#checking.get(digest);
    if (known !== undefined) return verdictOf(known);
    const attempts = (this.#attempts.get(client) ?? 0) + 1;
    if (!this.#failures.allows(client, attempts)) return 'throttled';
    if (this.#thread.isFull) return 'busy';
    this.#attempts.set(client, attempts);
    const checking = this.#hash(question, digest).finally(() => {
      this.#checking.delete(digest);
      this.#endAttempt(client);
    });
    this.#checking.set(digest, checking);
    const verdict = await verdictOf(checking);
    if (verdict === 'rejected') this.#failures.failed(client);
    return verdict;
  }

  async #hash({ password, hash, isUnknownUser }: PasswordQuestion, digest: string): Promise<boolean> {
    const matches = (await this.#thread.matches(password, hash)) && !isUnknownUser;
    if (matches) this.#accept(digest);
    return matches;
  }

  #accept(digest: string): void {
    const [oldest] = this.#accepted;
    if (this.#accepted.size >= MAX_ACCEPTED && oldest !== undefined) this.#accepted.delete(oldest);
    this.#accepted.add(digest);
  }

  #endAttempt(client: string): void {
    const left = (this.#attempts.get(client) ?? 1) - 1;
    if (left > 0) this.#attempts.set(client, left);
    else this.#attempts.delete(client);
  }

  #digest({ hash, password, isUnknownUser }: PasswordQuestion): string {
    const keyed = createHmac('sha256', this.#secret).update(isUnknownUser ? '0' : '1');
    return keyed.update(hash).update('\0').update(password).digest('base64');
  }

  close(): Promise<void> {
    return this.#thread.close();
  }
}

/** A check that could not be made accepts nothing. */
const verdictOf = (matches: Promise<boolean>): Promise<PasswordVerdict> =>
  matches.then(
    (yes) => (yes ? 'accepted' : 'rejected'),
    () => 'busy',
  );
