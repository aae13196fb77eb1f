/**
 * The seam between protocol engines and the exchange.
 *
 * ```
 *   client ── DownstreamStream ── Exchange ── UpstreamStream ── backend
 *             (h1 or h2 server)              (h1 or h2 client)
 * ```
 *
 * Engines parse, frame and write; the exchange routes, filters, balances, retries and times. An engine calls the exchange
 * through `DownstreamEvents` or `UpstreamEvents`; the exchange calls the engine through the two stream interfaces.
 *
 * Rules that hold for every method here:
 * - Nothing throws. Errors are events (`onReset`) or responses.
 * - A `chunk` is `buffer[from, to)` of payload without transfer framing. It is valid only during the call, unless `owned`: then
 *   `buffer` comes from `bulkBuffers`, the receiver has it for itself and must give it back with `bulkBuffers.release`.
 * - A send returns false when the receiver has no room. The producer then pauses, and the receiver's engine reports
 *   when there is room again (`onDrained`). Sent bytes are never lost, and one more read may still arrive.
 * - Output may be held back until `flush`, so that a head and a small body leave in one write. The producer calls
 *   `flush` once at the end of what it had (for an engine: at the end of a read). `sendEnd` flushes by itself.
 * - After a stream's last event (`on…End` in both directions, `onReset`, `cancel`) it calls and accepts nothing more.
 */
import type { ReasonCode } from '../../ir/reason.ts';
import type { HeaderField } from '../../ir/filter.ts';
import type { HeadEdits } from './head-edits.ts';
import type { FieldList, RequestHead, ResponseHead } from './head.ts';
import type { DownstreamConnection } from './downstream-connection.ts';
import type { PreparedRequest } from './outgoing.ts';

/** Why a stream ended before its message was complete. */
export type ResetCause =
  /** The peer closed or reset the connection or stream. */
  | 'reset'
  /** The peer refused it unprocessed (REFUSED_STREAM, GOAWAY below its id): always safe to retry. */
  | 'refused'
  /** The peer broke the protocol. */
  | 'invalid'
  /** The peer sent or read too slowly (a timer of the engine). */
  | 'timeout'
  /** The request asks for a tunnel, which the backend's HTTP/2 connection does not support (RFC 8441 section 3). Nothing was sent. */
  | 'no_tunnels';

/** One request on the client's side. Implemented by the HTTP/1.1 and HTTP/2 servers. */
export interface DownstreamStream {
  /** 1xx other than 101; ignored where the client's version has none. */
  sendInformational(head: ResponseHead): void;
  /**
   * The final head, at most once. Connection-level fields of `head` and what `edits` drops are left out; `edits`' and
   * `extra` fields are added. When `head.hasBody` is false the answer ends here, and `sendEnd` follows with null.
   * Status 101 (or 2xx to an extended CONNECT) turns the stream into a tunnel: from then on chunks are raw bytes.
   */
  sendHead(head: ResponseHead, edits: HeadEdits, extra: readonly HeaderField[] | null): void;
  sendData(buffer: Buffer, from: number, to: number, owned: boolean): boolean;
  /** Ends the response. `trailers` may contain fields that must not be trailers; the engine drops them. */
  sendEnd(trailers: FieldList | null): void;
  flush(): void;
  /** Aborts a response whose head has been sent: closes the connection or resets the stream. */
  abort(): void;
  /** Stop and restart `onRequestData`. Each may be called at any time and any number of times. */
  pauseRequest(): void;
  resumeRequest(): void;
}

/** Events of a request, from its engine. The exchange implements them. */
export interface DownstreamEvents {
  onRequestData(buffer: Buffer, from: number, to: number, owned: boolean): void;
  onRequestEnd(trailers: FieldList | null): void;
  /** End of a burst of data: flush. */
  onRequestFlush(): void;
  /** A send had returned false; there is room again. */
  onDownstreamDrained(): void;
  /** The request will not complete, or its response cannot be delivered. `reason`: that of the response. */
  onDownstreamReset(cause: ResetCause, reason: ReasonCode): void;
}

/** One attempt of a request on a backend's side. Implemented by the HTTP/1.1 and HTTP/2 clients. */
export interface UpstreamStream {
  /** True if the connection has served a request before, and has not responded to this one: it may be dead. */
  readonly reused: boolean;
  /** Sends the head, at most once. `ended`: the request ends with it. `prepared` must not be released before the stream ends. */
  start(prepared: PreparedRequest, ended: boolean): void;
  sendData(buffer: Buffer, from: number, to: number, owned: boolean): boolean;
  sendEnd(trailers: FieldList | null): void;
  flush(): void;
  pauseResponse(): void;
  resumeResponse(): void;
  /** Ends the attempt without further events: an HTTP/1.1 connection is closed, an HTTP/2 stream reset. */
  cancel(): void;
}

/** Events of an attempt, from its engine. The exchange implements them, and so do mirrors and the gateway's own requests. */
export interface UpstreamEvents {
  /** A connection is ready: `start` may be called. The result of `UpstreamPool.open`; possibly within that call. */
  onUpstreamReady(stream: UpstreamStream): void;
  /** No connection is available. Nothing was sent. */
  onUpstreamUnavailable(reason: 'connect_failed' | 'connect_timeout' | 'overflow'): void;
  /** 1xx other than 101. */
  onInformational(head: ResponseHead): void;
  onResponseHead(head: ResponseHead): void;
  onResponseData(buffer: Buffer, from: number, to: number, owned: boolean): void;
  onResponseEnd(trailers: FieldList | null): void;
  onResponseFlush(): void;
  /** A send had returned false; there is room again. */
  onUpstreamDrained(): void;
  /** The response will not complete. */
  onUpstreamReset(cause: ResetCause): void;
}

/** Creates the handler of each request; an engine calls it when a head is complete and valid. */
export interface ExchangeFactory {
  /**
   * `head` is valid during the call, in which the exchange may already respond. Request data follows when `head.hasBody`;
   * otherwise `onRequestEnd` is not called.
   */
  begin(stream: DownstreamStream, head: RequestHead, connection: DownstreamConnection): DownstreamEvents;
}
