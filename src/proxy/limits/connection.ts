/** A worker's connection to the ledger. */
import type { GatewayConfig } from '../../ir/gateway-config.ts';
import type { LimitClock } from './clock.ts';
import { LedgerService } from './ledger-service.ts';
import type { LeaseReport, LedgerMessage } from './limit.ts';

export interface LedgerConnection {
  /** Workers that share each limit. */
  readonly workers: number;
  send(reports: readonly LeaseReport[]): void;
  /** Called once. */
  listen(receive: (message: LedgerMessage) => void): void;
  /** The limits of these configurations are about to be used; for a ledger that does not learn it otherwise. */
  configure?(configs: readonly GatewayConfig[]): void;
}

/** The ledger of a proxy without other workers, in its own process. */
export class OwnLedger implements LedgerConnection {
  readonly workers = 1;
  readonly #service: LedgerService;
  #receive: (message: LedgerMessage) => void = () => undefined;

  constructor(clock: LimitClock) {
    this.#service = new LedgerService({
      workers: 1,
      clock,
      send: (_worker, message) => {
        this.#receive(message);
      },
    });
  }

  configure(configs: readonly GatewayConfig[]): void {
    this.#service.configure(configs);
  }

  send(reports: readonly LeaseReport[]): void {
    this.#service.receive(1, reports);
  }

  listen(receive: (message: LedgerMessage) => void): void {
    this.#receive = receive;
  }
}
