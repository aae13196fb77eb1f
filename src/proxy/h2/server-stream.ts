/** One request of a client over HTTP/2: the DownstreamStream of an exchange. */
import type { ReasonCode } from '../../ir/reason.ts';
import type { HeaderField } from '../../ir/filter.ts';
import { bulkBuffers } from '../message/bulk-buffers.ts';
import { NO_EDITS, type HeadEdits } from '../message/head-edits.ts';
import { UNKNOWN_LENGTH, type FieldList, type ResponseHead } from '../message/head.ts';
import { HEADER_IDS, HeaderId } from '../message/header-id.ts';
import type { DownstreamEvents, DownstreamStream, ResetCause } from '../message/stream.ts';
import { EntryFields } from '../message/entry-fields.ts';
import { ErrorCode } from './frame.ts';
import { NamePlace } from './hpack/encoder-table.ts';
import type { H2RequestHead } from './request-head.ts';
import type { H2ServerConnection } from './server-connection.ts';
import { H2Stream } from './stream.ts';

const DROPS = new Uint8Array(HEADER_IDS);
DROPS[HeaderId.xSluiceReason] = 1;
/** Of an answer that opens a tunnel: HTTP/2 has its own handshake (RFC 8441 section 5). */
const TUNNEL_DROPS = Uint8Array.from(DROPS);
TUNNEL_DROPS[HeaderId.secWebSocketAccept] = 1;
TUNNEL_DROPS[HeaderId.contentLength] = 1;

const CONTINUE = 100;
const SWITCHING_PROTOCOLS = 101;
const STATUS_TEXTS: readonly string[] = Array.from({ length: 600 }, (_, status) => String(status));

/** A requested tunnel that is not open yet: its bytes wait. */
const ASKED = 1;
const OPEN = 2;

export class H2ServerStream extends H2Stream implements DownstreamStream {
  protected override readonly connection: H2ServerConnection;
  #events: DownstreamEvents | null = null;
  /** Body length from Content-Length; UNKNOWN_LENGTH without one. */
  #expectedBytes = UNKNOWN_LENGTH;
  #bodyBytes = 0;
  /** The body's rate is checked. */
  #isRateChecked = false;
  /** The client waits for 100 before it sends its body. */
  #awaitsContinue = false;
  /** `#bodyBytes` at the start of the current time window; -Infinity when the window does not count. */
  #windowFrom = 0;
  /** 0, ASKED or OPEN. */
  #tunnel = 0;
  #early: Buffer[] | null = null;
  /** Remaining payload of the response if its length is known; otherwise negative. */
  #toSend = -1;
  #hasHead = false;

  constructor(id: number, connection: H2ServerConnection) {
    super(id, connection.peer.streamWindowBytes, connection.limits.streamWindowBytes);
    this.connection = connection;
  }

  /**
   * A body follows the head. `isWatched`: its rate is checked; `isWindowStart`: the connection's time window starts with it, else the
   * stream joins a window that runs already, which says nothing about its rate.
   */
  expectBody(head: H2RequestHead, isWatched: boolean, isWindowStart: boolean): void {
    this.#expectedBytes = head.contentLength;
    this.#awaitsContinue = head.expectsContinue;
    this.#isRateChecked = isWatched;
    if (!isWindowStart) this.#windowFrom = -Infinity;
  }

  /** The request asks for a tunnel. Until it is open, the stream's window limits the buffered bytes. */
  expectTunnel(): void {
    this.#tunnel = ASKED;
    this.pauseReceiving();
  }

  /** The exchange gets events of the request from now on, unless it has responded already. */
  follow(events: DownstreamEvents): void {
    if (!this.isClosed) this.#events = events;
  }

  // --- the request ---

  onData(buffer: Buffer, from: number, to: number, endStream: boolean): void {
    if (this.remoteEnded) {
      this.consumed(to - from);
      this.fail(ErrorCode.streamClosed);
      return;
    }
    const bytes = to - from;
    this.#bodyBytes += bytes;
    this.#awaitsContinue = false;
    const expected = this.#expectedBytes;
    if (
      expected !== UNKNOWN_LENGTH &&
      (endStream ? this.#bodyBytes !== expected : this.#bodyBytes > expected)
    ) {
      this.consumed(bytes);
      this.fail(ErrorCode.protocolError);
      return;
    }
    const limit = this.connection.bodyLimitBytes;
    if (limit > 0 && this.#bodyBytes > limit && this.#tunnel === 0) {
      this.consumed(bytes);
      this.#refuseRest('invalid', 'body_too_large');
      return;
    }
    this.remoteEnded = endStream;
    if (bytes > 0) {
      if (this.#tunnel === ASKED) this.#keepEarly(buffer, from, to);
      else this.#events?.onRequestData(buffer, from, to, false);
      this.consumed(bytes);
    }
    if (this.#tunnel === ASKED) {
      // Perhaps rejected already: then there is nothing to wait for.
      if (endStream) this.closeIfDone();
    } else if (endStream) this.#endRequest(null);
    else this.connection.noteFlush(this);
  }

  #keepEarly(buffer: Buffer, from: number, to: number): void {
    this.#early ??= [];
    this.#early.push(Buffer.from(buffer.subarray(from, to)));
  }

  #openTunnel(): void {
    this.#tunnel = OPEN;
    this.resumeReceiving();
    const chunks = this.#early ?? [];
    this.#early = null;
    for (const chunk of chunks) this.#events?.onRequestData(chunk, 0, chunk.length, false);
    if (this.remoteEnded) this.#endRequest(null);
    else if (chunks.length > 0) this.#events?.onRequestFlush();
  }

  /** A header block after the head. null: it is malformed, or does not end the stream. */
  onTrailers(trailers: FieldList | null): void {
    const isShort = this.#expectedBytes !== UNKNOWN_LENGTH && this.#bodyBytes < this.#expectedBytes;
    if (this.remoteEnded) this.fail(ErrorCode.streamClosed);
    else if (trailers === null || isShort || this.#tunnel !== 0) this.fail(ErrorCode.protocolError);
    else {
      this.remoteEnded = true;
      this.#endRequest(trailers);
    }
  }

  #endRequest(trailers: FieldList | null): void {
    this.#events?.onRequestEnd(trailers);
    this.closeIfDone();
  }

  flushRequest(): void {
    this.#events?.onRequestFlush();
  }

  /** Ends a time window: true if at least `minBytes` arrived in it, or the gateway delayed the client. */
  isFastEnough(minBytes: number): boolean {
    const bytes = this.#bodyBytes - this.#windowFrom;
    this.#windowFrom = this.#bodyBytes;
    return bytes >= minBytes || this.isPaused || this.#awaitsContinue;
  }

  /** The rest of the body is still expected. */
  get isWatched(): boolean {
    return this.#isRateChecked && !this.remoteEnded && !this.#hasHead;
  }

  onTooSlow(): void {
    this.#refuseRest('timeout', 'idle_timeout');
  }

  /** The request will not be read to its end; the exchange responds, if it still can. */
  #refuseRest(cause: ResetCause, reason: ReasonCode): void {
    const events = this.#events;
    this.#events = null;
    if (events === null) this.reset(ErrorCode.cancel);
    else events.onDownstreamReset(cause, reason);
  }

  fail(code: number): void {
    this.reset(code);
    this.connection.noteWasted();
    this.#loseExchange('bad_request');
  }

  onReset(): void {
    const wasAnswered = this.#hasHead;
    this.forget();
    if (!wasAnswered) this.connection.noteWasted();
    this.#loseExchange('client_closed');
  }

  onConnectionLost(): void {
    this.forget();
    this.#loseExchange('client_closed');
  }

  #loseExchange(reason: ReasonCode): void {
    const events = this.#events;
    this.#events = null;
    events?.onDownstreamReset('reset', reason);
  }

  // --- the answer ---

  sendInformational(head: ResponseHead): void {
    if (this.isClosed || this.#hasHead) return;
    if (head.status === CONTINUE) this.#awaitsContinue = false;
    this.#writeHead(head, NO_EDITS, null, false);
  }

  sendHead(head: ResponseHead, edits: HeadEdits, extra: readonly HeaderField[] | null): void {
    if (this.isClosed) return;
    this.#hasHead = true;
    this.connection.guard.answered();
    const isTunnel = this.#tunnel === ASKED && head.status === SWITCHING_PROTOCOLS;
    // The exchange ends every response itself; a head without body ends with it, to save a frame.
    const endStream = !head.hasBody && !isTunnel;
    // An HTTP/2 response may have trailers after a known length; one of HTTP/1.1, or a local reply, ends there.
    const hasKnownEnd = head.hasBody && !isTunnel && !(head instanceof EntryFields);
    this.#toSend = hasKnownEnd ? head.contentLength : -1;
    this.#writeHead(head, edits, extra, endStream);
    if (isTunnel) this.#openTunnel();
    else if (endStream) this.endedWithHead();
  }

  #writeHead(
    head: ResponseHead,
    edits: HeadEdits,
    extra: readonly HeaderField[] | null,
    endStream: boolean,
  ): void {
    const { fields } = this.connection;
    const isTunnel = head.status === SWITCHING_PROTOCOLS;
    fields.begin();
    const status = isTunnel ? '200' : (STATUS_TEXTS[head.status] as string);
    fields.field(':status', status, NamePlace.status);
    fields.copied(head, isTunnel ? TUNNEL_DROPS : DROPS, edits);
    if (edits.append.length > 0) fields.added(edits.append);
    if (extra !== null) fields.added(extra);
    fields.end(this.id, endStream);
  }

  sendData(buffer: Buffer, from: number, to: number, owned: boolean): boolean {
    this.#toSend -= to - from;
    const hasRoom = this.send(buffer, from, to, this.#toSend === 0);
    if (owned) bulkBuffers.release(buffer);
    return hasRoom;
  }

  sendEnd(trailers: FieldList | null): void {
    // Truncated: the client must not treat it as complete.
    if (this.#toSend > 0) this.abort();
    else this.end(trailers);
  }

  /** A response that is complete before its request: the client may stop sending (RFC 9113 section 8.1). */
  protected onSentAll(): void {
    if (this.#tunnel !== OPEN) this.connection.endEarly(this);
  }

  /** The rest of the request is not needed. */
  stopRequest(): void {
    if (!this.remoteEnded) this.reset(ErrorCode.noError);
  }

  /** Frames are sent together at the end of the event loop iteration. */
  flush(): void {
    // Nothing to do: see FrameWriter.
  }

  abort(): void {
    this.#events = null;
    this.reset(ErrorCode.internalError);
  }

  pauseRequest(): void {
    this.pauseReceiving();
  }

  resumeRequest(): void {
    if (this.#tunnel === ASKED) return;
    if (this.isPaused) this.#windowFrom = -Infinity;
    this.resumeReceiving();
  }

  protected onDrained(): void {
    this.#events?.onDownstreamDrained();
  }

  protected onClosed(): void {
    this.connection.onStreamClosed();
  }
}
