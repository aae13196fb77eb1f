/** The supervisor's part in authentication: it fetches key sets and checks passwords for all workers. */
import { FetchingFeed, type KeySetState } from '../credentials/key-set-feed.ts';
import { PasswordChecker } from '../credentials/password-checks.ts';
import type { GatewayConfig } from '../ir/gateway-config.ts';
import type { KeySetId } from '../ir/ids.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { FromWorker, ToWorker } from './worker-messages.ts';

type Asked = Extract<FromWorker, { readonly kind: 'refetch-key-set' | 'check-password' }>;
type Tell = (message: ToWorker) => void;

export class CredentialRelay {
  readonly #keySets: FetchingFeed;
  readonly #passwords = new PasswordChecker();
  readonly #workers = new Set<Tell>();

  constructor(logger: Logger) {
    this.#keySets = new FetchingFeed(logger);
    this.#keySets.onChange((id) => {
      const message = this.#messageFor(id);
      if (message !== null) for (const tell of this.#workers) tell(message);
    });
  }

  /** Fetches the key sets of these configurations, and no others. */
  follow(configs: readonly GatewayConfig[]): void {
    this.#keySets.follow(configs.flatMap(({ keySets = [] }) => keySets));
  }

  get keySets(): readonly KeySetState[] {
    return this.#keySets.states;
  }

  /** A worker has started: it gets every key set, before it asks for any. */
  attach(tell: Tell): void {
    this.#workers.add(tell);
    for (const { id } of this.#keySets.states) {
      const message = this.#messageFor(id);
      if (message !== null) tell(message);
    }
  }

  detach(tell: Tell): void {
    this.#workers.delete(tell);
  }

  #messageFor(id: KeySetId): ToWorker | null {
    const jwks = this.#keySets.jwksOf(id);
    return jwks === null ? null : { kind: 'key-set', keySet: id, jwks };
  }

  async answer(asked: Asked, tell: Tell): Promise<void> {
    const { id } = asked;
    if (asked.kind === 'refetch-key-set') {
      await this.#keySets.refetch(asked.keySet);
      // Once more: the worker may have received it before the configuration that needs it.
      const message = this.#messageFor(asked.keySet);
      if (message !== null) tell(message);
      tell({ kind: 'key-set-fetched', id });
    } else {
      const password = Buffer.from(asked.question.password, 'latin1');
      const verdict = await this.#passwords.check({ ...asked.question, password });
      tell({ kind: 'password-checked', id, verdict });
    }
  }

  async close(): Promise<void> {
    this.#keySets.close();
    await this.#passwords.close();
  }
}
