/** The interface of the proxy that server engines use. */
import type { ReasonCode } from '../../ir/reason.ts';
import type { TimerWheel } from '../net/timer-wheel.ts';
import type { Transport } from '../net/transport.ts';
import type { DownstreamConnection } from './downstream-connection.ts';
import type { ExchangeFactory } from './stream.ts';

/**
 * How long an idle HTTP/1.1 connection, or one without any bytes yet, stays open once the proxy drains: a request may be in
 * flight already, and gets a response, the last of its connection. Longer than a round trip, shorter than a user would notice.
 */
export const DRAIN_QUIET_MS = 500;

/** A connection of either protocol, for draining and stopping. */
export interface ServerConnection {
  /** Asks the client to disconnect: no new requests after those in flight; an idle connection closes soon. */
  drain(): void;
  destroy(): void;
}

export interface ServerHost extends ExchangeFactory {
  readonly wheel: TimerWheel;
  opened(connection: ServerConnection): void;
  closed(connection: ServerConnection): void;
  /**
   * The connection may have begun with the preface of HTTP/2 (prior knowledge, RFC 9113 section 3.3): a sink that waits for all of
   * it takes the transport over, and is given the bytes next.
   */
  detectProtocol(transport: Transport, connection: DownstreamConnection): void;
  /** A message was rejected before it became a request. */
  refused(reason: ReasonCode, connection: DownstreamConnection): void;
}
