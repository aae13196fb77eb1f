/** Leases from a ledger of their own, for tests that compile rules. */
import { LIMIT_CLOCK } from '../../src/proxy/limit-clock.ts';
import { OwnLedger } from '../../src/proxy/limits/connection.ts';
import { Leases } from '../../src/proxy/limits/leases.ts';

export function testLeases(): Leases {
  const ledger = new OwnLedger(LIMIT_CLOCK);
  const leases = new Leases({
    workers: 1,
    clock: LIMIT_CLOCK,
    send: (reports) => {
      ledger.send(reports);
    },
  });
  ledger.listen((message) => {
    leases.receive(message);
  });
  return leases;
}
