/** One HTTP/2 connection to a backend: many exchanges at once. */
import type { Http2Policy } from '../../ir/policy.ts';
import type { Transport } from '../net/transport.ts';
import type { TimerWheel } from '../net/timer-wheel.ts';
import type { UpstreamEvents } from '../message/stream.ts';
import { H2ClientStream } from './client-stream.ts';
import { H2Connection, type H2Limits } from './connection.ts';
import { PREFACE } from '../message/http2-preface.ts';
import { ErrorCode, MAX_WINDOW_BYTES, Setting } from './frame.ts';

/** Memory limits for a backend. */
const HEADER_LIST_BYTES = 65_536;
const HEADER_COUNT = 256;
/** Until the backend sends another value. */
const ASSUMED_STREAMS = 100;
/** Number of remaining stream ids at which a connection is retired. */
const LAST_IDS = 64;
const PING = Buffer.from('are you?', 'latin1');
/**
 * gRPC servers count pings that come less than five minutes after the last one, and close the connection at the third. So a silence
 * gets two pings soon, and then only one in a while.
 */
const QUICK_PINGS = 2;
const PATIENT_PING_MS = 310_000;

/** The owner of a connection. */
export interface H2ConnectionOwner {
  /** The backend's SETTINGS have arrived. */
  onReady(connection: H2ClientConnection): void;
  /** A stream ended, or the backend's settings changed: there may be room for streams, or the connection is idle. */
  onRoom(connection: H2ClientConnection): void;
  /** The idle timeout has passed. */
  onIdle(connection: H2ClientConnection): void;
  onGone(connection: H2ClientConnection): void;
}

export class H2ClientConnection extends H2Connection<H2ClientStream> {
  /** Streams begun. */
  served = 0;
  readonly connectedAtMs: number;
  /** The backend's settings have arrived. */
  isReady = false;
  /** It gets no new streams, because of a GOAWAY or the pool. */
  isLeaving = false;
  readonly #owner: H2ConnectionOwner;
  readonly #policy: Http2Policy;
  #nextId = 1;
  #idleDueMs = Infinity;
  #readAtMs: number;
  /** The next ping, or the end of waiting for the answer to one. */
  #pingDueMs = Infinity;
  /** Send time of the outstanding ping; 0 = none. */
  #pingedAtMs = 0;
  /** Pings since the last received byte. */
  #pings = 0;
  #toFlush: H2ClientStream[] = [];

  constructor(owner: H2ConnectionOwner, transport: Transport, wheel: TimerWheel, policy: Http2Policy) {
    super(transport, wheel, limitsOf(policy));
    this.#owner = owner;
    this.#policy = policy;
    this.connectedAtMs = wheel.now();
    this.#readAtMs = this.connectedAtMs;
    this.peer.maxConcurrentStreams = ASSUMED_STREAMS;
  }

  /** Sends the preface and the gateway's settings. */
  start(): void {
    this.writer.bytes(PREFACE);
    this.sendSettings([
      [Setting.enablePush, 0],
      [Setting.initialWindowSize, this.limits.streamWindowBytes],
      [Setting.maxHeaderListSize, HEADER_LIST_BYTES],
    ]);
  }

  get hasRoom(): boolean {
    if (this.isLeaving || this.isOver) return false;
    const limit = Math.min(this.#policy.maxConcurrentStreams, this.peer.maxConcurrentStreams);
    return this.streams.size < limit;
  }

  /** Begins an exchange; `hasRoom` must be true. */
  open(events: UpstreamEvents): H2ClientStream {
    const stream = new H2ClientStream(this.#nextId, this, events);
    this.#nextId += 2;
    if (this.#nextId > MAX_WINDOW_BYTES - LAST_IDS) this.isLeaving = true;
    this.#idleDueMs = Infinity;
    if (this.streams.size === 0) this.#watchSilence();
    this.served++;
    this.streams.add(stream);
    return stream;
  }

  // --- what the backend says ---

  override onBytes(buffer: Buffer, length: number): void {
    this.#readAtMs = this.wheel.now();
    super.onBytes(buffer, length);
  }

  /** The backend has none. */
  protected takePreface(): boolean {
    return true;
  }

  protected onHeaderBlock(streamId: number, endStream: boolean, isTooLarge: boolean): void {
    const stream = this.streams.get(streamId);
    if (stream === undefined) {
      if (!this.wasOpen(streamId)) this.fail(ErrorCode.protocolError);
    } else if (isTooLarge) stream.fail(ErrorCode.protocolError);
    else stream.onHeaderBlock(this.decoder.entries, this.decoder.count, endStream);
  }

  protected wasOpen(streamId: number): boolean {
    return (streamId & 1) === 1 && streamId < this.#nextId;
  }

  /** Streams that ended long ago, or were reset before the last few: ignored, and counted as useless frames. */
  protected onDataForClosed(): void {
    // Nothing to send.
  }

  protected onGoAway(lastStreamId: number): void {
    this.isLeaving = true;
    for (const stream of this.streams.all()) if (stream.id > lastStreamId) stream.onUnprocessed();
    this.#owner.onRoom(this);
  }

  noteFlush(stream: H2ClientStream): void {
    if (this.#toFlush.at(-1) !== stream) this.#toFlush.push(stream);
  }

  protected onBurstEnd(): void {
    if (this.#toFlush.length === 0) return;
    const streams = this.#toFlush;
    this.#toFlush = [];
    for (const stream of streams) stream.flushResponse();
  }

  onStreamClosed(): void {
    if (!this.isOver) this.#owner.onRoom(this);
  }

  protected onSettings(): void {
    if (this.isReady) this.#owner.onRoom(this);
    else {
      this.isReady = true;
      this.#owner.onReady(this);
    }
  }

  // --- time ---

  /** No exchange uses it: `onIdle` follows after `delayMs`, unless one does by then. */
  idleIn(delayMs: number): void {
    this.#idleDueMs = delayMs > 0 ? this.wheel.now() + delayMs : Infinity;
    this.wakeBy(this.#idleDueMs);
  }

  /** While exchanges wait, a silent backend may have disappeared. */
  #watchSilence(): void {
    if (this.#policy.pingIntervalMs <= 0 || this.#pingDueMs !== Infinity) return;
    this.#readAtMs = this.wheel.now();
    this.#pingDueMs = this.#readAtMs + this.#policy.pingIntervalMs;
    this.wakeBy(this.#pingDueMs);
  }

  protected nextDeadlineMs(): number {
    return Math.min(this.#idleDueMs, this.#pingDueMs);
  }

  protected onDeadline(nowMs: number): void {
    if (nowMs >= this.#idleDueMs) {
      this.#idleDueMs = Infinity;
      this.#owner.onIdle(this);
    }
    if (nowMs >= this.#pingDueMs) this.#onPingDue(nowMs);
  }

  #onPingDue(nowMs: number): void {
    const { pingIntervalMs, pingTimeoutMs } = this.#policy;
    if (this.streams.size === 0) {
      this.#pings = 0;
      this.#pingDueMs = Infinity;
    } else if (this.#readAtMs > this.#pingedAtMs && nowMs - this.#readAtMs < pingIntervalMs) {
      this.#pings = 0;
      this.#pingedAtMs = 0;
      this.#pingDueMs = this.#readAtMs + pingIntervalMs;
    } else if (this.#pingedAtMs > 0) this.close();
    else {
      this.#pings++;
      this.#pingedAtMs = nowMs;
      this.#pingDueMs = nowMs + pingTimeoutMs;
      this.writer.ping(PING, 0);
    }
  }

  protected onPingAnswered(): void {
    if (this.#pingedAtMs === 0) return;
    this.#pingedAtMs = 0;
    const { pingIntervalMs } = this.#policy;
    const pauseMs = this.#pings < QUICK_PINGS ? pingIntervalMs : Math.max(pingIntervalMs, PATIENT_PING_MS);
    this.#pingDueMs = this.wheel.now() + pauseMs;
  }

  // --- the end ---

  /** The backend has closed its sending direction. */
  onEnd(): void {
    this.close();
  }

  protected closeTransport(): void {
    this.transport.close();
    this.#owner.onGone(this);
  }

  protected onGone(): void {
    this.#owner.onGone(this);
  }

  /** The gateway is the client: the backend opens no streams. */
  protected lastPeerStream(): number {
    return 0;
  }
}

const limitsOf = ({ initialStreamWindowBytes, maxConcurrentStreams }: Http2Policy): H2Limits => ({
  headerListBytes: HEADER_LIST_BYTES,
  headerCount: HEADER_COUNT,
  streamWindowBytes: initialStreamWindowBytes,
  // A client that does not read stalls only its own stream.
  connectionWindowBytes: Math.min(initialStreamWindowBytes * maxConcurrentStreams, MAX_WINDOW_BYTES),
});
