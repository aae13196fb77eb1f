/** One request of a client over HTTP/2: what the exchange talks to. */
import type { ReasonCode } from '../../../ir/reason.ts';
import type { HeaderField } from '../../../ir/filter.ts';
import { NO_EDITS, type HeadEdits } from '../head-edits.ts';
import { UNKNOWN_LENGTH, type FieldList, type ResponseHead } from '../head.ts';
import { HEADER_IDS, HeaderId } from '../header-id.ts';
import type { DownstreamEvents, DownstreamStream } from '../stream.ts';
import { bulkBuffers } from '../bulk-buffers.ts';
import { isForwardableTrailer } from '../trailers.ts';
import { EntryFields } from './entry-fields.ts';
import { ErrorCode } from './frame.ts';
import type { H2ServerConnection } from './server-connection.ts';
import { H2Stream } from './stream.ts';

const DROPS = new Uint8Array(HEADER_IDS);
DROPS[HeaderId.xSluiceReason] = 1;
/** Of an answer that opens a tunnel: HTTP/2 has its own handshake (RFC 8441 section 5). */
const TUNNEL_DROPS = Uint8Array.from(DROPS);
TUNNEL_DROPS[HeaderId.secWebSocketAccept] = 1;
TUNNEL_DROPS[HeaderId.contentLength] = 1;

export class H2ServerStream extends H2Stream implements DownstreamStream {
  protected override readonly connection: H2ServerConnection;
  #events: DownstreamEvents | null = null;
  /** Bytes of the body that are still to come, as its Content-Length said; UNKNOWN_LENGTH without one. */
  #expectedBytes = UNKNOWN_LENGTH;
  #bodyBytes = 0;
  #isTunnel = false;
  /** Payload of the answer that is still to come, where its end is known; below 0 where it is not. */
  #toSend = -1;
  #hasHead = false;

  constructor(id: number, connection: H2ServerConnection) {
    super(id, connection.peer.streamWindowBytes, connection.limits.streamWindowBytes);
    this.connection = connection;
  }

  /** The exchange hears of the request from now on, unless it has answered already. */
  follow(events: DownstreamEvents, contentLength: number): void {
    this.#events = this.isClosed ? null : events;
    this.#expectedBytes = contentLength;
  }

  // --- the request ---

  onData(buffer: Buffer, from: number, to: number, endStream: boolean): void {
    if (this.remoteEnded) {
      this.fail(ErrorCode.streamClosed);
      return;
    }
    const bytes = to - from;
    this.#bodyBytes += bytes;
    const limit = this.connection.bodyLimitBytes;
    const isTooLong = this.#expectedBytes !== UNKNOWN_LENGTH && this.#bodyBytes > this.#expectedBytes;
    const isTooShort =
      endStream && this.#expectedBytes !== UNKNOWN_LENGTH && this.#bodyBytes < this.#expectedBytes;
    if (isTooLong || isTooShort) {
      this.consumed(bytes);
      this.#breakOff(ErrorCode.protocolError, 'bad_request');
      return;
    }
    if (limit > 0 && this.#bodyBytes > limit && !this.#isTunnel) {
      this.consumed(bytes);
      this.#events?.onDownstreamReset('invalid', 'body_too_large');
      return;
    }
    this.remoteEnded = endStream;
    if (bytes > 0) this.#events?.onRequestData(buffer, from, to, false);
    this.consumed(bytes);
    if (endStream) this.#endRequest(null);
    else this.connection.noteFlush(this);
  }

  onTrailers(trailers: FieldList): void {
    if (this.#expectedBytes !== UNKNOWN_LENGTH && this.#bodyBytes < this.#expectedBytes) {
      this.#breakOff(ErrorCode.protocolError, 'bad_request');
      return;
    }
    this.remoteEnded = true;
    this.#endRequest(trailers);
  }

  #endRequest(trailers: FieldList | null): void {
    this.#events?.onRequestEnd(trailers);
    this.closeIfDone();
  }

  flushRequest(): void {
    this.#events?.onRequestFlush();
  }

  /** A message that is not what it says: the exchange learns that its request is gone. */
  #breakOff(code: number, reason: ReasonCode): void {
    this.reset(code);
    this.connection.noteMisbehaviour();
    const events = this.#events;
    this.#events = null;
    events?.onDownstreamReset('reset', reason);
  }

  onReset(): void {
    const events = this.#events;
    this.#events = null;
    this.forget();
    events?.onDownstreamReset('reset', 'client_closed');
  }

  onConnectionLost(): void {
    this.onReset();
  }

  // --- the answer ---

  sendInformational(head: ResponseHead): void {
    if (this.isClosed || this.#hasHead) return;
    this.#writeHead(head, NO_EDITS, null, false);
  }

  sendHead(head: ResponseHead, edits: HeadEdits, extra: readonly HeaderField[] | null): void {
    if (this.isClosed) return;
    this.#hasHead = true;
    this.#isTunnel = head.status === 101;
    // The exchange ends every answer itself; a head without body ends with it, to save a frame.
    const endStream = !head.hasBody && !this.#isTunnel;
    // An answer over HTTP/2 may carry trailers after a known length; over HTTP/1.1 it ends there.
    const hasKnownEnd = head.hasBody && !this.#isTunnel && !(head instanceof EntryFields);
    this.#toSend = hasKnownEnd ? head.contentLength : -1;
    this.#writeHead(head, edits, extra, endStream);
    if (endStream) this.endedWithHead();
  }

  #writeHead(
    head: ResponseHead,
    edits: HeadEdits,
    extra: readonly HeaderField[] | null,
    endStream: boolean,
  ): void {
    const { fields, writer } = this.connection;
    fields.begin();
    fields.field(':status', head.status === 101 ? '200' : String(head.status));
    fields.copied(head, head.status === 101 ? TUNNEL_DROPS : DROPS, edits);
    fields.added(edits.append);
    if (extra !== null) fields.added(extra);
    fields.end(writer, this.id, endStream);
  }

  sendData(buffer: Buffer, from: number, to: number, owned: boolean): boolean {
    this.#toSend -= to - from;
    const hasRoom = this.send(buffer, from, to, this.#toSend === 0);
    if (owned) bulkBuffers.release(buffer);
    if (to > from) this.connection.noteProgress();
    return hasRoom;
  }

  sendEnd(trailers: FieldList | null): void {
    // Cut short: the client must not take it for the whole answer.
    if (this.#toSend > 0 && !this.isClosed) this.reset(ErrorCode.internalError);
    this.end(trailers);
    this.#finishRequest();
  }

  /** An answer that is complete before its request: the client may stop sending (RFC 9113 section 8.1). */
  #finishRequest(): void {
    if (this.isClosed || this.remoteEnded || !this.localEnded || this.#isTunnel) return;
    this.#events = null;
    this.resumeReceiving();
    this.connection.endEarly(this);
  }

  /** The answer has gone out whole and nobody wants the rest of the request. */
  stopRequest(): void {
    this.reset(ErrorCode.noError);
  }

  protected writeTrailers(trailers: FieldList): void {
    const { fields, writer } = this.connection;
    fields.begin();
    for (let index = 0; index < trailers.count; index++) {
      if (isForwardableTrailer(trailers, index)) fields.field(trailers.name(index), trailers.value(index));
    }
    fields.end(writer, this.id, true);
  }

  /** Frames leave together at the end of the turn. */
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
    this.resumeReceiving();
  }

  protected onDrained(): void {
    this.#events?.onDownstreamDrained();
  }

  protected onClosed(): void {
    this.connection.onStreamClosed();
  }
}
