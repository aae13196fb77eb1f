/** What a server engine needs of the proxy around it. */
import type { ReasonCode } from '../../ir/reason.ts';
import type { TimerWheel } from '../net/timer-wheel.ts';
import type { Transport } from '../net/transport.ts';
import type { DownstreamConnection } from './downstream-connection.ts';
import type { ExchangeFactory } from './stream.ts';

/**
 * How long an idle HTTP/1.1 connection, or one that has not said anything yet, stays open once the proxy drains: a request may be on its
 * way already, and is answered, the last of its connection. Longer than a round trip, shorter than a user would notice.
 */
export const DRAIN_QUIET_MS = 500;

/** A connection of either protocol, for draining and stopping. */
export interface ServerConnection {
  /** Tells the client to go: nothing new is begun after what is in flight; an idle connection closes soon. */
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
  /** A message was refused before it became a request. */
  refused(reason: ReasonCode, connection: DownstreamConnection): void;
}
