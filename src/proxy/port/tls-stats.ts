import type { Origin } from '../../ir/origin.ts';
import type { TlsFailure } from '../net/tls-failure.ts';

/** TLS connections of one port. */
export interface TlsStats {
  readonly gateway: Origin;
  readonly port: number;
  /** Completed handshakes, resumed ones included. */
  readonly handshakes: number;
  readonly resumed: number;
  /** Connections handed on by their server name, undecrypted. */
  readonly passedThrough: number;
  readonly failures: Readonly<Partial<Record<TlsFailure, number>>>;
}
