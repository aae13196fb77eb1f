/** One attempt of a request over HTTP/2: the UpstreamStream of an exchange. */
import { bulkBuffers } from '../message/bulk-buffers.ts';
import { UNKNOWN_LENGTH, type FieldList } from '../message/head.ts';
import type { PreparedRequest } from '../message/outgoing.ts';
import type { ResetCause, UpstreamEvents, UpstreamStream } from '../message/stream.ts';
import type { H2ClientConnection } from './client-connection.ts';
import { readTrailers } from '../message/entry-fields.ts';
import { ErrorCode } from './frame.ts';
import type { HeaderEntry } from '../message/header-entry.ts';
import { readResponse, type H2ResponseHead } from './response-head.ts';
import { H2Stream } from './stream.ts';
import { H2PreparedRequest } from './write-request.ts';

/** Maximum number of informational responses to one request. */
const MAX_INFORMATIONAL = 32;

export class H2ClientStream extends H2Stream implements UpstreamStream {
  reused: boolean;
  protected override readonly connection: H2ClientConnection;
  #events: UpstreamEvents | null;
  #hasStarted = false;
  #hasHead = false;
  #isToHead = false;
  #isTunnel = false;
  #informational = 0;
  /** Body length from Content-Length; UNKNOWN_LENGTH without one. */
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
      this.#breakOff('no_tunnels');
      return;
    }
    this.#hasStarted = true;
    this.#isToHead = prepared.isHead;
    this.#isTunnel = prepared.isTunnel;
    const { fields } = this.connection;
    fields.begin();
    prepared.write(fields);
    fields.end(this.id, ended);
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

  flush(): void {
    // Frames are sent together at the end of the event loop iteration: see FrameWriter.
  }

  protected onSentAll(): void {
    // The answer is still to come.
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
    this.#leave(ErrorCode.cancel);
  }

  // --- the answer ---

  onHeaderBlock(entries: readonly HeaderEntry[], count: number, endStream: boolean): void {
    if (this.remoteEnded) {
      this.fail(ErrorCode.streamClosed);
      return;
    }
    if (this.#hasHead) {
      this.#onTrailers(endStream ? readTrailers(entries, count) : null);
      return;
    }
    const head = readResponse(entries, count, { isToHead: this.#isToHead, endStream });
    if (head === null) this.fail(ErrorCode.protocolError);
    else if (head.status < 200) this.#onInformational(head);
    else this.#onFinalHead(head, endStream);
  }

  #onInformational(head: H2ResponseHead): void {
    if (++this.#informational > MAX_INFORMATIONAL) this.fail(ErrorCode.enhanceYourCalm);
    else this.#events?.onInformational(head);
  }

  #onFinalHead(head: H2ResponseHead, endStream: boolean): void {
    this.#hasHead = true;
    this.remoteEnded = endStream;
    this.#expectedBytes = endStream ? UNKNOWN_LENGTH : head.contentLength;
    this.connection.guard.answered();
    if (this.#isTunnel && head.status < 300) this.#events?.onResponseHead(head.asTunnel());
    else {
      this.#isTunnel = false;
      this.#events?.onResponseHead(head);
    }
    if (this.#isTunnel) this.#expectedBytes = UNKNOWN_LENGTH;
    if (endStream) this.#endResponse(null);
  }

  #onTrailers(trailers: FieldList | null): void {
    if (trailers === null || this.#isTunnel || this.#isShort()) {
      this.fail(ErrorCode.protocolError);
      return;
    }
    this.remoteEnded = true;
    this.#endResponse(trailers);
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
      this.fail(ErrorCode.protocolError);
      return;
    }
    this.remoteEnded = endStream;
    if (bytes > 0) {
      this.#events?.onResponseData(buffer, from, to, false);
      this.consumed(bytes);
    }
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
    // The backend has responded without the rest of the request.
    if (!this.localEnded && !this.#isTunnel) this.reset(ErrorCode.noError);
    else this.closeIfDone();
  }

  // --- the end ---

  /** The backend's fault. */
  fail(code: number): void {
    this.#leave(code);
    this.#tell('invalid');
  }

  #breakOff(cause: ResetCause): void {
    this.#leave(ErrorCode.cancel);
    this.#tell(cause);
  }

  /** A stream that was never opened cannot be reset: its id stays unused, which is allowed. */
  #leave(code: number): void {
    if (this.#hasStarted) this.reset(code);
    else this.forget();
  }

  onReset(code: number): void {
    this.forget();
    // A peer that resets a stream is alive: the connection was not dead.
    this.reused = false;
    this.#tell(code === ErrorCode.refusedStream ? 'refused' : 'reset');
  }

  /** A GOAWAY says that the backend has not processed it. */
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
