/** One HTTP/2 connection of a client. Everything about routes, backends and time limits of requests is the exchange's. */
import type { Transport } from '../../listener/transport.ts';
import type { DownstreamConnection } from '../downstream-connection.ts';
import { LocalHead } from '../head.ts';
import { NO_EDITS } from '../head-edits.ts';
import type { ServerConnection, ServerHost } from '../server-host.ts';
import { H2Connection, type H2Limits } from './connection.ts';
import { readTrailers } from './entry-fields.ts';
import { FieldWriter } from './field-writer.ts';
import { ErrorCode, MAX_WINDOW_BYTES, PREFACE, Setting } from './frame.ts';
import { readRequest } from './request-head.ts';
import { H2ServerStream } from './server-stream.ts';

const CONCURRENT_STREAMS = 128;
const STREAM_WINDOW_BYTES = 262_144;
/** What all streams of a connection may have sent and not been read: bounds the memory of one connection. */
const CONNECTION_WINDOW_BYTES = 1_048_576;
/** Cost of a request that is refused or malformed, for the flood guard: as much as a reset by the client. */
const MISBEHAVIOUR_COST = 5;
/** Between the two GOAWAYs of a drain: requests that were under way arrive meanwhile (RFC 9113 section 6.8). */
const DRAIN_STEP_MS = 1_000;

const TOO_LARGE = new LocalHead(431, ['content-length'], ['0']);

export class H2ServerConnection extends H2Connection<H2ServerStream> implements ServerConnection {
  readonly fields: FieldWriter;
  readonly #host: ServerHost;
  readonly #connection: DownstreamConnection;
  #awaitsPreface = true;
  /** Highest stream of the client that was taken. */
  #lastStreamId = 0;
  #isDraining = false;
  #isRefusingNew = false;
  #toFlush: H2ServerStream[] = [];
  #endedEarly: H2ServerStream[] = [];

  constructor(host: ServerHost, transport: Transport, connection: DownstreamConnection) {
    super(transport, limitsOf(host));
    this.#host = host;
    this.#connection = connection;
    this.fields = new FieldWriter(this.encoder);
    host.opened(this);
    this.#scheduleIn(host.limits.headTimeoutMs);
    this.sendSettings([
      [Setting.maxConcurrentStreams, CONCURRENT_STREAMS],
      [Setting.initialWindowSize, STREAM_WINDOW_BYTES],
      [Setting.maxHeaderListSize, this.limits.headerListBytes],
      [Setting.enableConnectProtocol, 1],
    ]);
  }

  get bodyLimitBytes(): number {
    return this.#host.limits.bodyBytes;
  }

  #scheduleIn(delayMs: number): void {
    const { wheel } = this.#host;
    if (delayMs > 0) wheel.schedule(this, wheel.now() + delayMs);
    else wheel.cancel(this);
  }

  // --- requests ---

  protected override takePreface(): boolean {
    if (!this.#awaitsPreface) return true;
    const verdict = this.reader.expect(PREFACE);
    if (verdict < 0) return this.fail(ErrorCode.protocolError);
    this.#awaitsPreface = verdict === 0;
    return verdict === 1;
  }

  protected onHeaderBlock(streamId: number, endStream: boolean, isTooLarge: boolean): boolean {
    const open = this.streams.get(streamId);
    if (open !== undefined) return this.#onTrailers(open, endStream, isTooLarge);
    if ((streamId & 1) === 0) return this.fail(ErrorCode.protocolError);
    // HEADERS on a stream that is over: the peer's view of the connection is lost (section 5.1.1).
    if (streamId <= this.#lastStreamId) return this.fail(ErrorCode.streamClosed);
    this.#lastStreamId = streamId;
    if (this.#isRefusingNew) return this.#refuse(streamId, ErrorCode.refusedStream);
    if (this.streams.size >= CONCURRENT_STREAMS) return this.#refuse(streamId, ErrorCode.refusedStream);
    return this.#begin(streamId, endStream, isTooLarge);
  }

  #begin(streamId: number, endStream: boolean, isTooLarge: boolean): boolean {
    const head = isTooLarge ? null : readRequest(this.decoder.entries, this.decoder.count, endStream);
    if (head === null && !isTooLarge) {
      this.#host.refused('bad_request', this.#connection);
      return this.#refuse(streamId, ErrorCode.protocolError);
    }
    const stream = new H2ServerStream(streamId, this);
    stream.remoteEnded = endStream;
    if (this.streams.size === 0) this.#host.wheel.cancel(this);
    this.streams.add(stream);
    if (head === null) {
      this.#host.refused('head_too_large', this.#connection);
      stream.sendHead(TOO_LARGE, NO_EDITS, null);
      stream.sendEnd(null);
      return true;
    }
    this.guard.earn(1);
    stream.follow(this.#host.begin(stream, head, this.#connection), head.contentLength);
    return !this.isFailed;
  }

  #refuse(streamId: number, code: number): boolean {
    this.resetStream(streamId, code);
    return this.spend(MISBEHAVIOUR_COST);
  }

  #onTrailers(stream: H2ServerStream, endStream: boolean, isTooLarge: boolean): boolean {
    if (stream.remoteEnded) {
      stream.fail(ErrorCode.streamClosed);
      return this.spend(MISBEHAVIOUR_COST);
    }
    const trailers = isTooLarge || !endStream ? null : readTrailers(this.decoder.entries, this.decoder.count);
    if (trailers === null) {
      stream.fail(ErrorCode.protocolError);
      return this.spend(MISBEHAVIOUR_COST);
    }
    stream.onTrailers(trailers);
    return true;
  }

  /** A stream below the highest one is over; one above was never opened (section 5.1). */
  protected mayBeClosed(streamId: number): boolean {
    return (streamId & 1) === 1 && streamId <= this.#lastStreamId;
  }

  noteMisbehaviour(): void {
    this.spend(MISBEHAVIOUR_COST);
  }

  noteProgress(): void {
    this.guard.earn(1);
  }

  noteFlush(stream: H2ServerStream): void {
    if (this.#toFlush.at(-1) !== stream) this.#toFlush.push(stream);
  }

  /** The rest of the request may be on its way already: told to stop once what has come was read. */
  endEarly(stream: H2ServerStream): void {
    this.#endedEarly.push(stream);
    if (this.#endedEarly.length === 1) setImmediate(() => this.#stopEnded());
  }

  #stopEnded(): void {
    const streams = this.#endedEarly;
    this.#endedEarly = [];
    for (const stream of streams) if (!stream.isClosed && !stream.remoteEnded) stream.stopRequest();
  }

  protected override onBurstEnd(): void {
    if (this.#toFlush.length === 0) return;
    const streams = this.#toFlush;
    this.#toFlush = [];
    for (const stream of streams) stream.flushRequest();
  }

  // --- the connection ---

  onStreamClosed(): void {
    if (this.streams.size > 0 || this.isFailed) return;
    if (this.#isRefusingNew) this.#goAway();
    else this.#scheduleIn(this.#host.limits.idleTimeoutMs);
  }

  /** Two GOAWAYs: the first announces, so that what is under way is still taken; the second says what was. */
  drain(): void {
    if (this.#isDraining || this.isFailed) return;
    this.#isDraining = true;
    this.sendGoAway(MAX_WINDOW_BYTES, ErrorCode.noError);
    this.#scheduleIn(DRAIN_STEP_MS);
  }

  /** No request came in time, the connection was idle for too long, or the first step of a drain is over. */
  override onTimer(): void {
    if (!this.#isDraining && this.streams.size > 0) return;
    this.#isRefusingNew = true;
    this.sendGoAway(this.#lastStreamId, ErrorCode.noError);
    if (this.streams.size === 0) this.#goAway();
  }

  #goAway(): void {
    if (!this.isFailed) this.fail(ErrorCode.noError);
  }

  destroy(): void {
    this.transport.socket.destroy();
  }

  protected onGoAway(): void {
    // The client opens no more streams; those that are open end as they will.
  }

  protected lastPeerStream(): number {
    return this.#lastStreamId;
  }

  protected onConnectionClosed(): void {
    this.#host.wheel.remove(this);
    this.#host.closed(this);
  }
}

const limitsOf = ({ limits }: ServerHost): H2Limits => ({
  headerListBytes: limits.headBytes,
  headerCount: limits.headerCount,
  streamWindowBytes: STREAM_WINDOW_BYTES,
  connectionWindowBytes: CONNECTION_WINDOW_BYTES,
});
