/** What one process does for every worker of a proxy: it fetches key sets, and checks passwords. */
import type { Logger } from '../telemetry/logger.ts';
import { FetchingFeed, type KeySetFeed } from './key-set-feed.ts';
import { PasswordChecker, type PasswordChecks } from './password-checks.ts';

export interface CredentialServices {
  readonly keySets: KeySetFeed;
  readonly passwords: PasswordChecks;
  close(): Promise<void>;
}

/** Services of this process. Nothing starts before it is needed. */
export function createCredentialServices(logger: Logger): CredentialServices {
  const keySets = new FetchingFeed(logger);
  const passwords = new PasswordChecker();
  return {
    keySets,
    passwords,
    async close() {
      keySets.close();
      await passwords.close();
    },
  };
}
