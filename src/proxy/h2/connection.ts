/**
 * An HTTP/2 connection, at either end: the frames that come in (RFC 9113 section 6), settings, time limits and the end. The two roles,
 * H2ServerConnection and H2ClientConnection, add what streams mean to them. A peer that breaks the protocol loses its stream or the
 * connection; nothing here throws.
 */
import type { ByteSink, Transport } from '../net/transport.ts';
import { TimerEntry, type TimerWheel } from '../net/timer-wheel.ts';
import { ConnectionFlow } from './connection-flow.ts';
import { FieldWriter } from './field-writer.ts';
import { FloodGuard } from './flood-guard.ts';
import { ErrorCode, Flag, FrameType, MAX_WINDOW_BYTES } from './frame.ts';
import { FrameReader } from './frame-reader.ts';
import { FrameWriter } from './frame-writer.ts';
import { HeaderBlock } from './header-block.ts';
import { HpackDecoder, type DecodeResult } from './hpack/decoder.ts';
import { PeerSettings } from './peer-settings.ts';
import { ResetStreams } from './reset-streams.ts';
import { StreamTable } from './stream-table.ts';
import type { H2Stream } from './stream.ts';

/** SETTINGS_HEADER_TABLE_SIZE: the default, so it is not sent. */
const DECODER_TABLE_BYTES = 4_096;
/** Maximum queued heads and control frames of a peer that does not read. */
const MAX_QUEUED_BYTES = 2_097_152;
const EMPTY_DATA_COST = 2;
/** A setting costs this part of a frame. */
const SETTING_COST = 0.1;

/** A peer's acknowledgment may arrive after everything that it had queued. */
const SETTINGS_TIMEOUT_MS = 30_000;

export interface H2Limits {
  /** Decoded size of a header list. */
  readonly headerListBytes: number;
  readonly headerCount: number;
  readonly streamWindowBytes: number;
  readonly connectionWindowBytes: number;
}

export abstract class H2Connection<Stream extends H2Stream> extends TimerEntry implements ByteSink {
  readonly transport: Transport;
  readonly wheel: TimerWheel;
  readonly limits: H2Limits;
  readonly writer: FrameWriter;
  readonly fields: FieldWriter;
  readonly flow: ConnectionFlow;
  readonly streams = new StreamTable<Stream>();
  readonly peer = new PeerSettings();
  readonly guard = new FloodGuard();
  /** The final GOAWAY was sent, or the connection is closed: nothing more is read or sent. */
  isOver = false;
  protected readonly resets = new ResetStreams();
  protected readonly decoder: HpackDecoder;
  protected readonly reader = new FrameReader();
  readonly #block = new HeaderBlock();
  #hasSettings = false;
  #settingsDueMs = Infinity;

  constructor(transport: Transport, wheel: TimerWheel, limits: H2Limits) {
    super();
    this.transport = transport;
    this.wheel = wheel;
    this.limits = limits;
    this.writer = new FrameWriter(transport);
    this.fields = new FieldWriter(this.writer);
    this.flow = new ConnectionFlow(this.writer, limits.connectionWindowBytes);
    this.decoder = new HpackDecoder({
      tableBytes: DECODER_TABLE_BYTES,
      listBytes: limits.headerListBytes,
      fieldCount: limits.headerCount,
    });
  }

  // --- what a role does ---

  /** Reads the bytes before the first frame; false if they are incomplete. */
  protected abstract takePreface(): boolean;
  /** A whole header block: fields are in `decoder`. */
  protected abstract onHeaderBlock(streamId: number, endStream: boolean, isTooLarge: boolean): void;
  /** False for a stream that was never opened: a frame for it is a connection error. */
  protected abstract wasOpen(streamId: number): boolean;
  /** DATA for an ended stream that the gateway did not reset. */
  protected abstract onDataForClosed(streamId: number): void;
  /** The peer's settings have been applied. */
  protected abstract onSettings(): void;
  protected abstract onPingAnswered(): void;
  protected abstract onGoAway(lastStreamId: number, code: number): void;
  /** The frames of one read have been processed. `isInsideHeaders`: a header block is incomplete. */
  protected abstract onBurstEnd(isInsideHeaders: boolean): void;
  abstract onEnd(): void;
  /** The highest stream of the peer that was or might be acted on. */
  protected abstract lastPeerStream(): number;
  /** All output has been sent. */
  protected abstract closeTransport(): void;
  /** The connection is closed. */
  protected abstract onGone(): void;
  /** A timer of the role may be due. */
  protected abstract onDeadline(nowMs: number): void;
  /** The next deadline of the role; Infinity = never. */
  protected abstract nextDeadlineMs(): number;

  // --- bytes in ---

  onBytes(buffer: Buffer, length: number): void {
    const { reader } = this;
    reader.feed(buffer, length);
    if (this.takePreface()) while (!this.isOver && reader.next()) this.#takeFrame(reader);
    reader.endRead();
    if (this.isOver) return;
    // A peer with such a backlog would not read a GOAWAY either.
    if (this.writer.queuedBytes > MAX_QUEUED_BYTES) this.destroy();
    else this.onBurstEnd(this.#block.isOpen || reader.isInsideHeaders);
  }

  #takeFrame(frame: FrameReader): void {
    const { type } = frame;
    if (frame.isTooLarge) {
      this.fail(ErrorCode.frameSizeError);
      return;
    }
    // The first frame must be SETTINGS (section 3.4), and no frame may come between the parts of a header block.
    const isFirst = !this.#hasSettings && (type !== FrameType.settings || (frame.flags & Flag.ack) !== 0);
    const isBetween =
      this.#block.isOpen && (type !== FrameType.continuation || frame.streamId !== this.#block.streamId);
    if (isFirst || isBetween) this.fail(ErrorCode.protocolError);
    else if (type === FrameType.data) this.#onDataFrame(frame);
    else if (type === FrameType.headers) this.#onHeadersFrame(frame);
    else if (type === FrameType.windowUpdate) this.#onWindowUpdate(frame);
    else this.#takeRareFrame(frame);
  }

  #takeRareFrame(frame: FrameReader): void {
    switch (frame.type) {
      case FrameType.continuation:
        this.#onContinuation(frame);
        return;
      case FrameType.rstStream:
        this.#onRstStream(frame);
        return;
      case FrameType.settings:
        this.#onSettingsFrame(frame);
        return;
      case FrameType.ping:
        this.#onPing(frame);
        return;
      case FrameType.goAway:
        this.#onGoAwayFrame(frame);
        return;
      case FrameType.priority:
        this.#onPriority(frame);
        return;
      case FrameType.pushPromise:
        // Clients may not push, and push is disabled for backends.
        this.fail(ErrorCode.protocolError);
        return;
      default:
        // Unknown types are ignored (section 4.1), but not for free.
        this.allowFrame();
    }
  }

  // --- streams ---

  #onDataFrame(frame: FrameReader): void {
    const { streamId, from, to } = frame;
    const isPadded = (frame.flags & Flag.padded) !== 0;
    const payloadFrom = isPadded ? from + 1 : from;
    const payloadTo = isPadded ? unpaddedEnd(frame) : to;
    if (streamId === 0 || payloadTo < payloadFrom) {
      this.fail(ErrorCode.protocolError);
      return;
    }
    const endStream = (frame.flags & Flag.endStream) !== 0;
    const isEmpty = payloadTo === payloadFrom && !endStream;
    if (isEmpty && !this.allowFrame(EMPTY_DATA_COST)) return;
    const flowBytes = to - from;
    this.flow.receiveWindow -= flowBytes;
    const stream = this.streams.get(streamId);
    if (this.flow.receiveWindow < 0 || stream?.takeFlow(flowBytes) === false) {
      this.fail(ErrorCode.flowControlError);
      return;
    }
    if (stream === undefined) {
      this.flow.consumed(flowBytes);
      this.#onDataForMissing(streamId, flowBytes);
      return;
    }
    if (!isEmpty) this.guard.received();
    // Padding is consumed as it arrives.
    if (isPadded) stream.consumed(flowBytes - (payloadTo - payloadFrom));
    stream.onData(frame.buffer, payloadFrom, payloadTo, endStream);
  }

  #onDataForMissing(streamId: number, bytes: number): void {
    if (this.resets.has(streamId)) {
      if (!this.resets.takeFlow(streamId, bytes)) this.fail(ErrorCode.flowControlError);
    } else if (!this.wasOpen(streamId)) this.fail(ErrorCode.protocolError);
    else if (this.allowFrame()) this.onDataForClosed(streamId);
  }

  #onHeadersFrame(frame: FrameReader): void {
    const isPadded = (frame.flags & Flag.padded) !== 0;
    let from = isPadded ? frame.from + 1 : frame.from;
    const to = isPadded ? unpaddedEnd(frame) : frame.to;
    if ((frame.flags & Flag.priority) !== 0) {
      if (to - from < 5) {
        this.fail(ErrorCode.frameSizeError);
        return;
      }
      if (dependsOnItself(frame, from)) {
        this.fail(ErrorCode.protocolError);
        return;
      }
      from += 5;
    }
    if (frame.streamId === 0 || to < from) {
      this.fail(ErrorCode.protocolError);
      return;
    }
    const endStream = (frame.flags & Flag.endStream) !== 0;
    if ((frame.flags & Flag.endHeaders) === 0) this.#block.open(frame, endStream, from, to);
    else this.#takeBlock(frame.streamId, endStream, this.decoder.decode(frame.buffer, from, to));
  }

  #onContinuation(frame: FrameReader): void {
    const block = this.#block;
    if (!block.isOpen) {
      this.fail(ErrorCode.protocolError);
      return;
    }
    if (!this.allowFrame()) return;
    if (!block.append(frame)) {
      this.fail(ErrorCode.enhanceYourCalm);
      return;
    }
    if ((frame.flags & Flag.endHeaders) === 0) return;
    const bytes = block.close();
    this.#takeBlock(block.streamId, block.endStream, this.decoder.decode(bytes, 0, bytes.length));
  }

  #takeBlock(streamId: number, endStream: boolean, result: DecodeResult): void {
    if (result === 'compression') this.fail(ErrorCode.compressionError);
    // Trailers that crossed the gateway's reset.
    else if (this.streams.get(streamId) !== undefined || !this.resets.has(streamId))
      this.onHeaderBlock(streamId, endStream, result === 'too-large');
  }

  #onRstStream(frame: FrameReader): void {
    const { streamId } = frame;
    const stream = this.streams.get(streamId);
    if (frame.to - frame.from !== 4) this.fail(ErrorCode.frameSizeError);
    else if (streamId === 0 || (stream === undefined && !this.wasOpen(streamId))) {
      this.fail(ErrorCode.protocolError);
    } else if (this.allowFrame()) stream?.onReset(frame.buffer.readUInt32BE(frame.from));
  }

  /** Priorities of RFC 7540 are deprecated (RFC 9113 section 5.3): only their form is looked at. */
  #onPriority(frame: FrameReader): void {
    const { streamId } = frame;
    const hasSize = frame.to - frame.from === 5;
    if (streamId === 0) this.fail(ErrorCode.protocolError);
    else if (!this.allowFrame()) return;
    else if (hasSize && !dependsOnItself(frame, frame.from)) return;
    else {
      const code = hasSize ? ErrorCode.protocolError : ErrorCode.frameSizeError;
      const stream = this.streams.get(streamId);
      if (stream === undefined) this.fail(code);
      else stream.fail(code);
    }
  }

  #onWindowUpdate(frame: FrameReader): void {
    const { streamId } = frame;
    if (frame.to - frame.from !== 4) {
      this.fail(ErrorCode.frameSizeError);
      return;
    }
    if (!this.allowFrame()) return;
    const bytes = frame.buffer.readUInt32BE(frame.from) & MAX_WINDOW_BYTES;
    if (streamId === 0) {
      this.flow.sendWindow += bytes;
      if (bytes === 0) this.fail(ErrorCode.protocolError);
      else if (this.flow.sendWindow > MAX_WINDOW_BYTES) this.fail(ErrorCode.flowControlError);
      else this.flow.pump();
      return;
    }
    const stream = this.streams.get(streamId);
    if (stream === undefined) {
      if (!this.wasOpen(streamId)) this.fail(ErrorCode.protocolError);
      return;
    }
    stream.sendWindow += bytes;
    if (bytes === 0) stream.fail(ErrorCode.protocolError);
    else if (stream.sendWindow > MAX_WINDOW_BYTES) stream.fail(ErrorCode.flowControlError);
    else stream.pump();
  }

  // --- the connection ---

  #onSettingsFrame({ flags, streamId, buffer, from, to }: FrameReader): void {
    const isAck = (flags & Flag.ack) !== 0;
    if (streamId !== 0) this.fail(ErrorCode.protocolError);
    else if (isAck ? to > from : (to - from) % 6 !== 0) this.fail(ErrorCode.frameSizeError);
    else if (!this.allowFrame(1 + ((to - from) / 6) * SETTING_COST)) return;
    else if (isAck) this.onSettingsAcknowledged();
    else this.#applySettings(buffer, from, to);
  }

  #applySettings(buffer: Buffer, from: number, to: number): void {
    this.#hasSettings = true;
    const { peer } = this;
    const windowBefore = peer.streamWindowBytes;
    for (let at = from; at < to; at += 6) {
      const code = peer.apply(buffer.readUInt16BE(at), buffer.readUInt32BE(at + 2));
      if (code !== ErrorCode.noError) {
        this.fail(code);
        return;
      }
      // Also those on the way to the last one count (RFC 7541 section 4.2).
      this.fields.setPeerTableLimit(peer.headerTableBytes);
    }
    // Acknowledge before sending anything that uses the new settings.
    this.writer.acknowledgeSettings();
    if (peer.streamWindowBytes !== windowBefore) this.#moveWindows(peer.streamWindowBytes - windowBefore);
    if (!this.isOver) this.onSettings();
  }

  /** A changed initial window moves the windows of open streams, perhaps below zero (section 6.9.2). */
  #moveWindows(change: number): void {
    for (const stream of this.streams.all()) {
      stream.sendWindow += change;
      if (stream.sendWindow > MAX_WINDOW_BYTES) {
        this.fail(ErrorCode.flowControlError);
        return;
      }
      if (change > 0) stream.pump();
    }
  }

  #onPing({ flags, streamId, buffer, from, to }: FrameReader): void {
    if (streamId !== 0) this.fail(ErrorCode.protocolError);
    else if (to - from !== 8) this.fail(ErrorCode.frameSizeError);
    else if (!this.allowFrame()) return;
    else if ((flags & Flag.ack) !== 0) this.onPingAnswered();
    else this.writer.ping(buffer.subarray(from, to), Flag.ack);
  }

  #onGoAwayFrame({ streamId, buffer, from, to }: FrameReader): void {
    if (streamId !== 0) this.fail(ErrorCode.protocolError);
    else if (to - from < 8) this.fail(ErrorCode.frameSizeError);
    else if (this.allowFrame())
      this.onGoAway(buffer.readUInt32BE(from) & MAX_WINDOW_BYTES, buffer.readUInt32BE(from + 4));
  }

  // --- what we say ---

  /** Sends the gateway's settings, which the peer must acknowledge in time, and opens the connection's window, which no setting covers. */
  protected sendSettings(settings: readonly (readonly [number, number])[]): void {
    this.writer.settings(settings);
    this.flow.open();
    this.#settingsDueMs = this.wheel.now() + SETTINGS_TIMEOUT_MS;
    this.wakeBy(this.#settingsDueMs);
  }

  protected onSettingsAcknowledged(): void {
    this.#settingsDueMs = Infinity;
  }

  onDrain(): void {
    this.flow.pump();
  }

  // --- offences ---

  /** Counts a frame that does not serve a request; false if there were too many, and the connection has ended. */
  protected allowFrame(cost = 1): boolean {
    if (this.guard.frame(this.wheel.now(), cost)) return true;
    this.fail(ErrorCode.enhanceYourCalm);
    return false;
  }

  /** Counts a request that the peer has made useless. */
  noteWasted(cost = 1): void {
    if (!this.guard.wasted(this.wheel.now(), cost)) this.fail(ErrorCode.enhanceYourCalm);
  }

  // --- time ---

  /** Ensures that `onTimer` is called no later than this. */
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

  /** Ends the connection with GOAWAY; requests in flight are lost. */
  fail(code: number): void {
    if (this.isOver) return;
    this.isOver = true;
    this.writer.goAway(this.lastPeerStream(), code);
    this.writer.end();
    this.wheel.remove(this);
    this.#loseStreams();
    this.closeTransport();
  }

  /** Ends it without an error. */
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
    this.flow.stop();
    for (const stream of this.streams.all()) stream.onConnectionLost();
  }

  destroy(): void {
    this.transport.destroy();
  }

  nextReadBuffer(): null {
    return null;
  }
}

/** End of the payload before the padding; -1 when there is more padding than frame (section 6.1). */
function unpaddedEnd({ buffer, from, to }: FrameReader): number {
  const end = to - (buffer[from] as number);
  return from === to || end <= from ? -1 : end;
}

/** The priority at `at` of the frame names its own stream (RFC 7540 section 5.3.1). */
function dependsOnItself({ buffer, streamId }: FrameReader, at: number): boolean {
  return (buffer.readUInt32BE(at) & MAX_WINDOW_BYTES) === streamId;
}
