/** One HTTP/2 connection of a client. Routes, backends and time limits of requests belong to the exchange. */
import type { ClientLimits } from '../../ir/client-limits.ts';
import type { ReasonCode } from '../../ir/reason.ts';
import type { Transport } from '../net/transport.ts';
import type { DownstreamConnection } from '../message/downstream-connection.ts';
import { lingerAndClose } from '../net/lingering-close.ts';
import { refuse } from '../message/local-reply.ts';
import type { ServerConnection, ServerHost } from '../message/server-host.ts';
import { H2Connection, type H2Limits } from './connection.ts';
import { readTrailers } from '../message/entry-fields.ts';
import { PREFACE } from '../message/http2-preface.ts';
import { ErrorCode, MAX_WINDOW_BYTES, Setting } from './frame.ts';
import { MALFORMED, RequestReader, type H2RequestHead } from './request-head.ts';
import { H2ServerStream } from './server-stream.ts';

const STREAM_WINDOW_BYTES = 262_144;
/**
 * Maximum unconsumed bytes of all streams of a connection: limits the memory of one connection. Eight stalled uploads stop
 * the others.
 */
const CONNECTION_WINDOW_BYTES = 2_097_152;
/** Delay between the two GOAWAYs of a drain, if the client does not respond to the PING after the first. */
const DRAIN_STEP_MS = 1_000;
/** A rejection is a response, which restores the credit of one useless request. */
const REFUSAL_COST = 2;
const DRAIN_PING = Buffer.from('draining', 'latin1');

const SETTINGS = [
  [Setting.initialWindowSize, STREAM_WINDOW_BYTES],
  [Setting.enableConnectProtocol, 1],
] as const;

export class H2ServerConnection extends H2Connection<H2ServerStream> implements ServerConnection {
  readonly #host: ServerHost;
  readonly #connection: DownstreamConnection;
  /** Limits of this client. */
  readonly #client: ClientLimits;
  readonly #requests: RequestReader;
  #prefaceBytes = 0;
  /** Highest accepted stream of the client. */
  #lastStreamId = 0;
  #begun = 0;
  /** GOAWAY was sent: the first, and the one that counts. */
  #isDraining = false;
  #isRefusingNew = false;
  /** While no stream is open, and for a drain. */
  #idleDueMs = Infinity;
  #drainDueMs = Infinity;
  #bodiesDueMs = Infinity;
  /** While a header block is incomplete. */
  #headDueMs = Infinity;
  #toFlush: H2ServerStream[] = [];
  #endedEarly: H2ServerStream[] | null = null;

  constructor(host: ServerHost, transport: Transport, connection: DownstreamConnection) {
    const { limits } = connection.info;
    super(transport, host.wheel, limitsOf(limits));
    this.#host = host;
    this.#connection = connection;
    this.#client = limits;
    this.#requests = new RequestReader(limits);
  }

  /** Sends the gateway's settings and waits for the first request. */
  start(): void {
    const limits = this.#client;
    this.#idleIn(limits.headTimeoutMs);
    this.sendSettings([
      ...SETTINGS,
      [Setting.maxConcurrentStreams, limits.streams],
      [Setting.maxHeaderListSize, limits.headBytes],
    ]);
    this.#host.opened(this);
  }

  get bodyLimitBytes(): number {
    return this.#client.bodyBytes;
  }

  // --- requests ---

  protected takePreface(): boolean {
    if (this.#prefaceBytes === PREFACE.length) return true;
    this.#prefaceBytes = this.reader.expect(PREFACE, this.#prefaceBytes);
    if (this.#prefaceBytes < 0) this.fail(ErrorCode.protocolError);
    return this.#prefaceBytes === PREFACE.length;
  }

  protected onHeaderBlock(streamId: number, endStream: boolean, isTooLarge: boolean): void {
    const open = this.streams.get(streamId);
    if (open !== undefined) {
      const isSound = endStream && !isTooLarge;
      open.onTrailers(isSound ? readTrailers(this.decoder.entries, this.decoder.count) : null);
    } else if ((streamId & 1) === 0) this.fail(ErrorCode.protocolError);
    // HEADERS on an ended stream: the peer's state is out of sync (section 5.1.1).
    else if (streamId <= this.#lastStreamId) this.fail(ErrorCode.streamClosed);
    else {
      this.#lastStreamId = streamId;
      if (this.#isRefusingNew || this.streams.size >= this.#client.streams) {
        this.#refuse(streamId, ErrorCode.refusedStream);
      } else this.#begin(streamId, endStream, isTooLarge);
    }
  }

  #refuse(streamId: number, code: number): void {
    this.resetStream(streamId, code, STREAM_WINDOW_BYTES);
    this.noteWasted();
  }

  #begin(streamId: number, endStream: boolean, isTooLarge: boolean): void {
    const { entries, count } = this.decoder;
    const read = this.#requests.read(entries, count, endStream);
    const head = isTooLarge ? 'head_too_large' : read;
    if (head === MALFORMED) {
      this.#host.refused('bad_request', this.#connection);
      this.#refuse(streamId, ErrorCode.protocolError);
      return;
    }
    const stream = new H2ServerStream(streamId, this);
    stream.remoteEnded = endStream;
    this.#idleDueMs = Infinity;
    this.streams.add(stream);
    if (typeof head === 'string') this.#answer(stream, head);
    else this.#serve(stream, head);
  }

  /** Responds to the last read request without an exchange. */
  #answer(stream: H2ServerStream, reason: ReasonCode): void {
    this.#host.refused(reason, this.#connection);
    refuse(stream, reason, this.#requests.last);
    this.noteWasted(REFUSAL_COST);
  }

  #serve(stream: H2ServerStream, head: H2RequestHead): void {
    const { requestsPerConnection } = this.#client;
    if (head.hasBody) this.#watch(stream, head);
    else if (head.upgrade !== '') stream.expectTunnel();
    stream.follow(this.#host.begin(stream, head, this.#connection));
    if (requestsPerConnection > 0 && ++this.#begun >= requestsPerConnection) this.drain();
  }

  /** A body must keep arriving; messages of a gRPC call may be rare. */
  #watch(stream: H2ServerStream, head: H2RequestHead): void {
    const { windowMs } = this.#client.slowBody;
    const isWatched = windowMs > 0 && !head.contentType.startsWith('application/grpc');
    const isFirst = this.#bodiesDueMs === Infinity;
    stream.expectBody(head, isWatched, isFirst);
    if (!isWatched || !isFirst) return;
    this.#bodiesDueMs = this.wheel.now() + windowMs;
    this.wakeBy(this.#bodiesDueMs);
  }

  /** A stream below the highest one is over; one above was never opened (section 5.1). */
  protected wasOpen(streamId: number): boolean {
    return (streamId & 1) === 1 && streamId <= this.#lastStreamId;
  }

  protected onDataForClosed(streamId: number): void {
    this.writer.resetStream(streamId, ErrorCode.streamClosed);
  }

  noteFlush(stream: H2ServerStream): void {
    if (this.#toFlush.at(-1) !== stream) this.#toFlush.push(stream);
  }

  protected onBurstEnd(isInsideHeaders: boolean): void {
    if (!isInsideHeaders) this.#headDueMs = Infinity;
    else if (this.#headDueMs === Infinity) this.#headBegins();
    if (this.#toFlush.length === 0) return;
    const streams = this.#toFlush;
    this.#toFlush = [];
    for (const stream of streams) stream.flushRequest();
  }

  /** The rest of the request may be in flight: the client is told to stop once the received part was read. */
  endEarly(stream: H2ServerStream): void {
    if (this.#endedEarly === null) {
      this.#endedEarly = [];
      setImmediate(() => this.#stopEnded());
    }
    this.#endedEarly.push(stream);
  }

  #stopEnded(): void {
    const streams = this.#endedEarly ?? [];
    this.#endedEarly = null;
    for (const stream of streams) stream.stopRequest();
  }

  onStreamClosed(): void {
    if (this.streams.size > 0 || this.isOver) return;
    if (this.#isRefusingNew) this.close();
    else this.#idleIn(this.#client.idleTimeoutMs);
  }

  // --- time ---

  #idleIn(delayMs: number): void {
    this.#idleDueMs = delayMs > 0 ? this.wheel.now() + delayMs : Infinity;
    this.wakeBy(this.#idleDueMs);
  }

  /** Once per header block, as in HTTP/1.1: a slow client gets no more time than a silent one. */
  #headBegins(): void {
    const { headTimeoutMs } = this.#client;
    if (headTimeoutMs === 0) return;
    this.#headDueMs = this.wheel.now() + headTimeoutMs;
    this.wakeBy(this.#headDueMs);
  }

  protected nextDeadlineMs(): number {
    return Math.min(this.#idleDueMs, this.#drainDueMs, this.#bodiesDueMs, this.#headDueMs);
  }

  protected onDeadline(nowMs: number): void {
    if (nowMs >= this.#bodiesDueMs) this.#checkBodyRates(nowMs);
    if (nowMs >= this.#drainDueMs) this.#refuseNew();
    if (nowMs < Math.min(this.#headDueMs, this.#idleDueMs)) return;
    if (this.#headDueMs === Infinity) this.close();
    else {
      // Nothing else can come on the connection before the block's end (RFC 9113 section 4.3), so no single stream can be refused.
      this.#host.refused('idle_timeout', this.#connection);
      this.fail(ErrorCode.enhanceYourCalm);
    }
  }

  #checkBodyRates(nowMs: number): void {
    const { windowMs, minBytes } = this.#client.slowBody;
    let isAnyWatched = false;
    for (const stream of this.streams.all()) {
      if (!stream.isWatched) continue;
      if (stream.isFastEnough(minBytes)) isAnyWatched = true;
      else stream.onTooSlow();
    }
    this.#bodiesDueMs = isAnyWatched ? nowMs + windowMs : Infinity;
  }

  // --- the end ---

  /** Two GOAWAYs: the first one announces the drain, so that requests in flight are still accepted; the second has the last accepted stream (section 6.8). */
  drain(): void {
    if (this.#isDraining || this.isOver) return;
    this.#isDraining = true;
    this.writer.goAway(MAX_WINDOW_BYTES, ErrorCode.noError);
    this.writer.ping(DRAIN_PING, 0);
    this.#drainDueMs = this.wheel.now() + DRAIN_STEP_MS;
    this.wakeBy(this.#drainDueMs);
  }

  /** All requests that the client sent before it got the first GOAWAY have arrived. */
  protected onPingAnswered(): void {
    if (this.#isDraining && !this.#isRefusingNew) this.#refuseNew();
  }

  #refuseNew(): void {
    this.#drainDueMs = Infinity;
    this.#isRefusingNew = true;
    if (this.streams.size === 0) this.close();
    else this.writer.goAway(this.#lastStreamId, ErrorCode.noError);
  }

  /** The client has closed its sending direction. No HTTP/2 client does that while it waits for a response: it has disconnected. */
  onEnd(): void {
    this.close();
  }

  protected closeTransport(): void {
    lingerAndClose(this.transport, this.wheel, this);
  }

  protected onGone(): void {
    this.#host.closed(this);
  }

  protected onGoAway(): void {
    // The client opens no more streams; open ones finish.
  }

  protected onSettings(): void {
    // Nothing waits for them.
  }

  protected lastPeerStream(): number {
    return this.#lastStreamId;
  }
}

const limitsOf = ({ headBytes, headerCount }: ClientLimits): H2Limits => ({
  headerListBytes: headBytes,
  headerCount,
  streamWindowBytes: STREAM_WINDOW_BYTES,
  connectionWindowBytes: CONNECTION_WINDOW_BYTES,
});
