/** A follower's stream to the leader, when there is no certificate or no leader. */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { test } from 'node:test';
import { Fleet } from '../configsync/fleet.ts';
import { SILENT_LOGGER } from '../telemetry/logger.ts';
import type { Identities } from './identities.ts';
import { LeaderLink } from './leader-link.ts';

test('a certificate that cannot be issued, or an address that is none, is logged and tried again', async () => {
  const attempts = new EventEmitter();
  const warnings: unknown[] = [];
  let asked = 0;
  const identities: Pick<Identities, 'replicaCertificate' | 'caPem'> = {
    caPem: '',
    replicaCertificate() {
      asked += 1;
      attempts.emit('attempt');
      return asked === 1
        ? Promise.reject(new Error('no authority'))
        : Promise.resolve({ certificatePem: 'none', keyPem: 'none' });
    },
  };
  const link = new LeaderLink({
    fleet: new Fleet({ logger: SILENT_LOGGER, onPeerChange: () => undefined, maxStreams: () => 1 }),
    identities: identities as Identities,
    replica: 'r',
    service: 'localhost',
    logger: { ...SILENT_LOGGER, warn: (_, fields) => warnings.push(fields?.['error']) },
  });
  link.follow('127.0.0.1:1');
  while (asked < 3) await once(attempts, 'attempt');
  link.close();
  assert.match(String(warnings[0]), /no authority/);
  assert.equal(warnings.length, 2);
});
