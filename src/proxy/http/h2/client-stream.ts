/** One try of a request over HTTP/2: what the exchange talks to on the backend's side. */
import { bulkBuffers } from '../bulk-buffers.ts';
import { UNKNOWN_LENGTH, type FieldList } from '../head.ts';
import type { PreparedRequest } from '../outgoing.ts';
import type { ResetCause, UpstreamEvents, UpstreamStream } from '../stream.ts';
import { isForwardableTrailer } from '../trailers.ts';
import type { H2ClientConnection } from './client-connection.ts';
import { readTrailers } from './entry-fields.ts';
import { ErrorCode } from './frame.ts';
import type { HeaderEntry } from './hpack/entry.ts';
import { readResponse, type H2ResponseHead } from './response-head.ts';
import { H2Stream } from './stream.ts';
import { H2PreparedRequest } from './write-request.ts';

/** Informational answers to one request; more is a flood. */
const MAX_INFORMATIONAL = 32;
/** Success of an extended CONNECT is what 101 is to HTTP/1.1. */
const SWITCHING_PROTOCOLS = 101;

export class H2ClientStream extends H2Stream implements UpstreamStream {
  readonly reused: boolean;
  protected override readonly connection: H2ClientConnection;
  #events: UpstreamEvents | null;
  #hasHead = false;
  #isHead = false;
  #isTunnel = false;
  #informational = 0;
  #expectedBytes = UNKNOWN_LENGTH;
  #bodyBytes = 0;

  constructor(id: number, connection: H2ClientConnection, events: UpstreamEvents) {
    super(id, connection.peer.streamWindowBytes, connection.limits.streamWindowBytes);
    this.connection = connection;
    this.reused = connection.served > 0;
    this.#events = events;
  }

  // --- the request ---

  start(prepared: PreparedRequest, ended: boolean): void {
    if (!(prepared instanceof H2PreparedRequest) || this.isClosed) return;
    if (prepared.isTunnel && !this.connection.peer.allowsConnectProtocol) {
      this.#fail('invalid');
      return;
    }
    this.#isHead = prepared.isHead;
    this.#isTunnel = prepared.isTunnel;
    const { fields, writer } = this.connection;
    fields.begin();
    prepared.write(fields);
    fields.end(writer, this.id, ended);
    if (ended) this.endedWithHead();
  }

  sendData(buffer: Buffer, from: number, to: number, owned: boolean): boolean {
    const hasRoom = this.send(buffer, from, to, false);
    if (owned) bulkBuffers.release(buffer);
    return hasRoom;
  }

  sendEnd(trailers: FieldList | null): void {
    this.end(trailers);
  }

  protected writeTrailers(trailers: FieldList): void {
    const { fields, writer } = this.connection;
    fields.begin();
    for (let index = 0; index < trailers.count; index++) {
      if (isForwardableTrailer(trailers, index)) fields.field(trailers.name(index), trailers.value(index));
    }
    fields.end(writer, this.id, true);
  }

  flush(): void {
    // Frames leave together at the end of the turn: see FrameWriter.
  }

  protected onDrained(): void {
    this.#events?.onUpstreamDrained();
  }

  pauseResponse(): void {
    this.pauseReceiving();
  }
  resumeResponse(): void {
    this.resumeReceiving();
  }

  cancel(): void {
    this.#events = null;
    this.reset(ErrorCode.cancel);
  }

  // --- the answer ---

  /** False when the block is malformed. */
  onHeaderBlock(entries: readonly HeaderEntry[], count: number, endStream: boolean): boolean {
    if (this.remoteEnded) return false;
    if (this.#hasHead) return this.#onTrailers(entries, count, endStream);
    const head = readResponse(entries, count, endStream);
    if (head === null) return false;
    if (head.status < 200) {
      this.#informational++;
      if (this.#informational > MAX_INFORMATIONAL) return false;
      this.#events?.onInformational(head);
      return true;
    }
    this.#onFinalHead(head, endStream);
    return true;
  }

  #onFinalHead(head: H2ResponseHead, endStream: boolean): void {
    this.#hasHead = true;
    this.remoteEnded = endStream;
    const isBodiless = this.#isHead || head.status === 204 || head.status === 304;
    this.#expectedBytes = isBodiless || endStream ? UNKNOWN_LENGTH : head.contentLength;
    if (this.#isTunnel && head.status >= 200 && head.status < 300) {
      this.#events?.onResponseHead(head.withStatus(SWITCHING_PROTOCOLS));
    } else {
      this.#isTunnel = false;
      this.#events?.onResponseHead(head);
    }
    if (endStream) this.#endResponse(null);
  }

  #onTrailers(entries: readonly HeaderEntry[], count: number, endStream: boolean): boolean {
    const trailers = endStream ? readTrailers(entries, count) : null;
    if (trailers === null || this.#isShort()) return false;
    this.remoteEnded = true;
    this.#endResponse(trailers);
    return true;
  }

  #isShort(): boolean {
    return this.#expectedBytes !== UNKNOWN_LENGTH && this.#bodyBytes < this.#expectedBytes;
  }

  onData(buffer: Buffer, from: number, to: number, endStream: boolean): void {
    const bytes = to - from;
    this.#bodyBytes += bytes;
    const isTooLong = this.#expectedBytes !== UNKNOWN_LENGTH && this.#bodyBytes > this.#expectedBytes;
    if (!this.#hasHead || this.remoteEnded || isTooLong || (endStream && this.#isShort())) {
      this.consumed(bytes);
      this.#fail('invalid');
      return;
    }
    this.remoteEnded = endStream;
    if (bytes > 0) this.#events?.onResponseData(buffer, from, to, false);
    this.consumed(bytes);
    if (endStream) this.#endResponse(null);
    else this.connection.noteFlush(this);
  }

  flushResponse(): void {
    this.#events?.onResponseFlush();
  }

  #endResponse(trailers: FieldList | null): void {
    const events = this.#events;
    if (!this.#isTunnel || this.localEnded) this.#events = null;
    events?.onResponseEnd(trailers);
    if (this.isClosed) return;
    // Whatever is left of the request, the backend has answered without it.
    if (!this.localEnded && !this.#isTunnel) this.reset(ErrorCode.noError);
    else this.closeIfDone();
  }

  /** The connection will not carry this stream to its end. */
  override fail(code: number): void {
    this.reset(code);
    this.#tell('invalid');
  }

  #fail(cause: ResetCause): void {
    this.reset(ErrorCode.protocolError);
    this.#tell(cause);
  }

  onReset(code: number): void {
    this.forget();
    this.#tell(code === ErrorCode.refusedStream ? 'refused' : 'reset');
  }

  /** A GOAWAY said that the backend has not looked at it. */
  onUnprocessed(): void {
    this.forget();
    this.#tell('refused');
  }

  onConnectionLost(): void {
    this.forget();
    this.#tell('reset');
  }

  #tell(cause: ResetCause): void {
    const events = this.#events;
    this.#events = null;
    events?.onUpstreamReset(cause);
  }

  protected onClosed(): void {
    this.connection.onStreamClosed();
  }
}
