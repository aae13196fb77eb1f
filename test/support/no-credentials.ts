/** Services for configurations without AuthPolicies. For tests. */
import { createCredentialServices } from '../../src/credentials/credential-services.ts';
import { KeySets } from '../../src/credentials/key-sets.ts';
import { SILENT_LOGGER } from '../../src/telemetry/logger.ts';

export const NO_SERVICES = createCredentialServices(SILENT_LOGGER);

export const NO_CREDENTIALS = {
  keySets: new KeySets(NO_SERVICES.keySets),
  passwords: NO_SERVICES.passwords,
};

/** For filters that need nothing. */
export const NO_DEPS = {
  clusterOf: () => null,
  keySetOf: () => null,
  secretOf: () => null,
  passwords: NO_SERVICES.passwords,
};
