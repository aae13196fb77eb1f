/** The interface of protocols to backends: HTTP/1.1 in pool-h1.ts, HTTP/2 in pool-h2.ts. */
import type { ReasonCode } from '../../ir/reason.ts';
import type { OutgoingRequest, PreparedRequest } from '../message/outgoing.ts';
import type { UpstreamEvents } from '../message/stream.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import type { ProxiedPeers } from '../net/proxy-protocol.ts';
import type { ConnectingSink, Transport } from '../net/transport.ts';

/** Connections to one endpoint of one cluster. */
export interface EndpointPool {
  /**
   * Finds or opens a connection and calls `onUpstreamReady` or `onUpstreamUnavailable`, perhaps within the call.
   * `fresh`: do not use a connection that has served a request before (the one before this turned out dead).
   * `peers`: the client, for backends that get a PROXY header; null = the gateway itself.
   */
  open(events: UpstreamEvents, fresh: boolean, peers: ProxiedPeers | null): void;
  /** Cancels a pending `open`; no event follows. */
  cancelOpen(events: UpstreamEvents): void;
  /** No new streams; idle connections close now, busy ones when they are done. */
  retire(): void;
  /** Closes everything at once. */
  destroy(): void;
  readonly connections: number;
  readonly idleConnections: number;
  /** It has connections, or requests that wait for one. */
  readonly isInUse: boolean;
}

/** Dials one endpoint. */
export interface Dial {
  /**
   * Starts connecting; the sink gets the result later, never within the call. `preamble`: sent before anything else, TLS
   * included (a PROXY header).
   */
  connect(sink: ConnectingSink, preamble?: Buffer | null): Transport;
  readonly connectTimeoutMs: number;
}

/** A protocol spoken to the endpoints of a cluster. */
export interface UpstreamProtocol {
  /** Renders a request once, for any endpoint and any number of attempts. Synchronous: `request.head` need not outlive it. */
  prepare(request: OutgoingRequest): PreparedRequest;
  createPool(dial: Dial, breaker: CircuitBreaker): EndpointPool;
}

/** Reasons an `open` can fail with. */
export type UnavailableReason = Extract<ReasonCode, 'connect_failed' | 'connect_timeout' | 'overflow'>;
