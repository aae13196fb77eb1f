/** Key sets and password checks in a worker: its supervisor fetches and hashes, once for all workers. */
import type { CredentialServices } from '../credentials/credential-services.ts';
import type { KeySetFeed } from '../credentials/key-set-feed.ts';
import type { PasswordChecks, PasswordQuestion, PasswordVerdict } from '../credentials/password-checks.ts';
import type { KeySetId } from '../ir/ids.ts';
import type { KeySetDefinition } from '../ir/key-set.ts';
import type { FromWorker, ToWorker } from './worker-messages.ts';

type Told = Extract<ToWorker, { readonly kind: 'key-set' | 'key-set-fetched' | 'password-checked' }>;

/** Sends a message to the supervisor; false when it is gone. */
type Tell = (message: FromWorker) => boolean;

export class WorkerCredentials implements CredentialServices {
  readonly keySets: RelayedKeySets;
  readonly passwords: RelayedPasswords;

  constructor(tell: Tell) {
    this.keySets = new RelayedKeySets(tell);
    this.passwords = new RelayedPasswords(tell);
  }

  /** A message of the supervisor. */
  told(message: Told): void {
    if (message.kind === 'key-set') this.keySets.received(message.keySet, message.jwks);
    else if (message.kind === 'key-set-fetched') this.keySets.fetched(message.id);
    else this.passwords.checked(message.id, message.verdict);
  }

  /** The supervisor is gone: it answers nothing any more. */
  abandoned(): void {
    this.keySets.abandoned();
    this.passwords.abandoned();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

interface Refetch {
  readonly keySet: KeySetId;
  /** Those who wait. */
  readonly waiting: (() => void)[];
}

class RelayedKeySets implements KeySetFeed {
  readonly #tell: Tell;
  readonly #jwks = new Map<KeySetId, string>();
  readonly #listeners: ((id: KeySetId) => void)[] = [];
  /** Refetches in flight, by number. */
  readonly #refetches = new Map<number, Refetch>();
  #asked = 0;

  constructor(tell: Tell) {
    this.#tell = tell;
  }

  /** The supervisor follows the same configuration. */
  follow(definitions: readonly KeySetDefinition[]): void {
    const wanted = new Set(definitions.map(({ id }) => id));
    for (const id of this.#jwks.keys()) if (!wanted.has(id)) this.#jwks.delete(id);
  }

  jwksOf(id: KeySetId): string | null {
    return this.#jwks.get(id) ?? null;
  }

  onChange(listener: (id: KeySetId) => void): void {
    this.#listeners.push(listener);
  }

  refetch(keySet: KeySetId): Promise<void> {
    return new Promise((resolve) => {
      const known = [...this.#refetches.values()].find((one) => one.keySet === keySet);
      if (known !== undefined) {
        known.waiting.push(resolve);
        return;
      }
      const id = ++this.#asked;
      this.#refetches.set(id, { keySet, waiting: [resolve] });
      if (!this.#tell({ kind: 'refetch-key-set', id, keySet })) this.fetched(id);
    });
  }

  received(id: KeySetId, jwks: string): void {
    this.#jwks.set(id, jwks);
    for (const listener of this.#listeners) listener(id);
  }

  fetched(id: number): void {
    const refetch = this.#refetches.get(id);
    this.#refetches.delete(id);
    for (const resolve of refetch?.waiting ?? []) resolve();
  }

  abandoned(): void {
    for (const id of [...this.#refetches.keys()]) this.fetched(id);
  }
}

/** The supervisor bounds how many passwords it hashes; this is for one that does not answer. */
const MAX_WAITING = 1_000;

class RelayedPasswords implements PasswordChecks {
  readonly #tell: Tell;
  readonly #waiting = new Map<number, (verdict: PasswordVerdict) => void>();
  #asked = 0;

  constructor(tell: Tell) {
    this.#tell = tell;
  }

  check(question: PasswordQuestion): Promise<PasswordVerdict> {
    if (this.#waiting.size >= MAX_WAITING) return Promise.resolve('busy');
    return new Promise((resolve) => {
      const id = ++this.#asked;
      this.#waiting.set(id, resolve);
      const password = question.password.toString('latin1');
      if (!this.#tell({ kind: 'check-password', id, question: { ...question, password } })) {
        this.checked(id, 'busy');
      }
    });
  }

  checked(id: number, verdict: PasswordVerdict): void {
    this.#waiting.get(id)?.(verdict);
    this.#waiting.delete(id);
  }

  abandoned(): void {
    for (const id of [...this.#waiting.keys()]) this.checked(id, 'busy');
  }
}
