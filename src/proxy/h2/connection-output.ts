/**
 * What an HTTP/2 connection says, what it gives back of its windows, what it waits for, and how it ends. The frames that come in are
 * connection.ts's.
 */
import type { Transport } from '../net/transport.ts';
import { TimerEntry, type TimerWheel } from '../net/timer-wheel.ts';
import { FieldWriter } from './field-writer.ts';
import { FloodGuard } from './flood-guard.ts';
import { DEFAULT_WINDOW_BYTES, ErrorCode } from './frame.ts';
import { FrameWriter } from './frame-writer.ts';
import { PeerSettings } from './peer-settings.ts';
import { ResetStreams } from './reset-streams.ts';
import { StreamTable } from './stream-table.ts';
import type { H2Stream } from './stream.ts';

export interface H2Limits {
  /** Decoded size of a header list. */
  readonly headerListBytes: number;
  readonly headerCount: number;
  readonly streamWindowBytes: number;
  readonly connectionWindowBytes: number;
}

/** A peer's acknowledgement may stand behind all that it had queued. */
const SETTINGS_TIMEOUT_MS = 30_000;

export abstract class H2Output<Stream extends H2Stream> extends TimerEntry {
  readonly transport: Transport;
  readonly wheel: TimerWheel;
  readonly limits: H2Limits;
  readonly writer: FrameWriter;
  readonly fields: FieldWriter;
  readonly streams = new StreamTable<Stream>();
  readonly peer = new PeerSettings();
  readonly guard = new FloodGuard();
  /** What we may send in all. */
  sendWindow = DEFAULT_WINDOW_BYTES;
  /** GOAWAY was sent for good, or the socket is gone: nothing more is read or said. */
  isOver = false;
  protected readonly resets = new ResetStreams();
  /** What the peer may still send in all. */
  protected receiveWindow: number;
  /** What of it was dealt with and not given back yet. */
  #owedBytes = 0;
  #settingsDueMs = Infinity;
  /** Streams that wait for the connection's window or for the socket. */
  #blocked: Stream[] = [];

  constructor(transport: Transport, wheel: TimerWheel, limits: H2Limits) {
    super();
    this.transport = transport;
    this.wheel = wheel;
    this.limits = limits;
    this.writer = new FrameWriter(transport);
    this.fields = new FieldWriter(this.writer);
    this.receiveWindow = limits.connectionWindowBytes;
  }

  /** The highest stream of the peer that was or might be acted on. */
  protected abstract lastPeerStream(): number;
  /** Everything has been said. */
  protected abstract closeTransport(): void;
  /** The socket is gone. */
  protected abstract onGone(): void;
  /** Something of the role may be due. */
  protected abstract onDeadline(nowMs: number): void;
  /** When something of the role will be; Infinity = never. */
  protected abstract nextDeadlineMs(): number;

  // --- settings and windows ---

  /** Sends our settings, which the peer must acknowledge in time, and opens the connection's window, which no setting covers. */
  protected sendSettings(settings: readonly (readonly [number, number])[]): void {
    this.writer.settings(settings);
    this.writer.windowUpdate(0, this.limits.connectionWindowBytes - DEFAULT_WINDOW_BYTES);
    this.#settingsDueMs = this.wheel.now() + SETTINGS_TIMEOUT_MS;
    this.wakeBy(this.#settingsDueMs);
  }

  protected onSettingsAcknowledged(): void {
    this.#settingsDueMs = Infinity;
  }

  /** Received bytes have been dealt with: the peer may send as many more. */
  consumed(bytes: number): void {
    this.#owedBytes += bytes;
    if (this.#owedBytes < this.limits.connectionWindowBytes / 4) return;
    this.writer.windowUpdate(0, this.#owedBytes);
    this.receiveWindow += this.#owedBytes;
    this.#owedBytes = 0;
  }

  // --- backpressure ---

  /** The stream has something to send and no window of the connection, or the socket is full. */
  block(stream: Stream): void {
    this.#blocked.push(stream);
  }

  /** The socket, or the connection's window, has room again. */
  protected pumpBlocked(): void {
    if (this.#blocked.length === 0) return;
    const streams = this.#blocked;
    this.#blocked = [];
    for (const stream of streams) {
      stream.isBlocked = false;
      stream.pump();
    }
  }

  onDrain(): void {
    this.pumpBlocked();
  }

  // --- offences ---

  /** Counts a frame that does nothing for a request; false when there were too many, and the connection is over. */
  protected allowFrame(cost = 1): boolean {
    if (this.guard.frame(this.wheel.now(), cost)) return true;
    this.fail(ErrorCode.enhanceYourCalm);
    return false;
  }

  /** Counts a request that comes to nothing because of the peer. */
  noteWasted(cost = 1): void {
    if (!this.guard.wasted(this.wheel.now(), cost)) this.fail(ErrorCode.enhanceYourCalm);
  }

  // --- time ---

  /** Makes sure that `onTimer` comes no later than this. */
  protected wakeBy(deadlineMs: number): void {
    if (deadlineMs < this.deadlineMs) this.wheel.schedule(this, deadlineMs);
  }

  override onTimer(nowMs: number): void {
    if (nowMs >= this.#settingsDueMs) this.fail(ErrorCode.settingsTimeout);
    else this.onDeadline(nowMs);
    if (!this.isOver) this.wakeBy(Math.min(this.#settingsDueMs, this.nextDeadlineMs()));
  }

  // --- the end ---

  resetStream(streamId: number, code: number, windowBytes: number): void {
    this.writer.resetStream(streamId, code);
    this.resets.add(streamId, windowBytes);
  }

  /** Ends the connection with GOAWAY; what is in flight on it is lost. */
  fail(code: number): void {
    if (this.isOver) return;
    this.isOver = true;
    this.writer.goAway(this.lastPeerStream(), code);
    this.writer.end();
    this.wheel.remove(this);
    this.#loseStreams();
    this.closeTransport();
  }

  /** Ends it in peace. */
  close(): void {
    this.fail(ErrorCode.noError);
  }

  onClose(): void {
    this.isOver = true;
    this.wheel.remove(this);
    this.#loseStreams();
    this.onGone();
  }

  #loseStreams(): void {
    this.#blocked = [];
    for (const stream of this.streams.all()) stream.onConnectionLost();
  }

  destroy(): void {
    this.transport.destroy();
  }
}
