/**
 * What both ends of HTTP/2 share: frames in and out, settings, header blocks, flow control of the connection (RFC 9113). Roles add
 * what streams mean to them. A peer that breaks the protocol loses the connection; nothing here throws.
 */
import type { ByteSink, Transport } from '../../listener/transport.ts';
import { TimerEntry } from '../../timer-wheel.ts';
import { FloodGuard } from './flood-guard.ts';
import {
  DEFAULT_WINDOW_BYTES,
  ErrorCode,
  Flag,
  FrameType,
  MAX_FRAME_BYTES,
  MAX_WINDOW_BYTES,
} from './frame.ts';
import { FrameReader } from './frame-reader.ts';
import { FrameWriter } from './frame-writer.ts';
import { PeerSettings } from './peer-settings.ts';
import { HeaderBlock } from './header-block.ts';
import { HpackDecoder } from './hpack/decoder.ts';
import { HpackEncoder } from './hpack/encoder.ts';
import type { H2Stream } from './stream.ts';
import { StreamTable } from './stream-table.ts';

export interface H2Limits {
  /** Decoded size of a header list. */
  readonly headerListBytes: number;
  readonly headerCount: number;
  readonly streamWindowBytes: number;
  readonly connectionWindowBytes: number;
}

/** Cost of frames for the flood guard. */
const COST = { control: 1, reset: 5, emptyData: 2 } as const;

export abstract class H2Connection<Stream extends H2Stream> extends TimerEntry implements ByteSink {
  readonly transport: Transport;
  readonly writer: FrameWriter;
  readonly encoder = new HpackEncoder();
  readonly streams = new StreamTable<Stream>();
  readonly limits: H2Limits;
  protected readonly decoder: HpackDecoder;
  protected readonly guard = new FloodGuard();
  protected readonly reader = new FrameReader();
  readonly #block = new HeaderBlock();
  /** What we may send in all. */
  sendWindow = DEFAULT_WINDOW_BYTES;
  readonly peer = new PeerSettings();
  /** Consumed but not given back yet. */
  #owedBytes = 0;
  #hasSettings = false;
  /** Streams that wait for the connection's window or for the socket. */
  #blocked: Stream[] = [];
  protected isFailed = false;
  isClosed = false;

  constructor(transport: Transport, limits: H2Limits) {
    super();
    this.transport = transport;
    this.writer = new FrameWriter(transport);
    this.limits = limits;
    this.decoder = new HpackDecoder({
      tableBytes: 4096,
      listBytes: limits.headerListBytes,
      fieldCount: limits.headerCount,
    });
  }

  // --- what a role does ---

  /** A whole header block: fields are in `decoder`. False when the connection has failed. */
  protected abstract onHeaderBlock(streamId: number, endStream: boolean, isTooLarge: boolean): boolean;
  /** False when a frame for a stream that is not open is an error of the connection. */
  protected abstract mayBeClosed(streamId: number): boolean;
  protected abstract onGoAway(lastStreamId: number, code: number): void;
  /** The highest stream of the peer that was or might be acted on. */
  protected abstract lastPeerStream(): number;
  protected abstract onConnectionClosed(): void;
  /** Settings have been taken over. */
  protected onSettings(): void {
    // Nothing, unless a role waits for them.
  }

  // --- bytes in ---

  onBytes(buffer: Buffer, length: number): void {
    const { reader } = this;
    reader.feed(buffer, length);
    while (!this.isFailed && this.takePreface() && reader.next()) {
      if (reader.payloadBytes > MAX_FRAME_BYTES) this.fail(ErrorCode.frameSizeError);
      else if (!this.#takeFrame(reader)) break;
    }
    if (this.isFailed) reader.discard();
    else reader.keep();
    this.onBurstEnd();
  }

  /** Whatever precedes the first frame; false when it is not whole yet. */
  protected takePreface(): boolean {
    return true;
  }

  /** The frames of one read have been taken. */
  protected onBurstEnd(): void {
    // Nothing, unless a role passes on what it held back.
  }

  #takeFrame({ type, flags, streamId, buffer, from, to }: FrameReader): boolean {
    if (!this.#hasSettings) {
      // Whatever comes first must be SETTINGS (section 3.4).
      if (type !== FrameType.settings || (flags & Flag.ack) !== 0) return this.fail(ErrorCode.protocolError);
      this.#hasSettings = true;
    }
    if (this.#block.isOpen && (type !== FrameType.continuation || streamId !== this.#block.streamId)) {
      return this.fail(ErrorCode.protocolError);
    }
    switch (type) {
      case FrameType.data:
        return this.#onDataFrame(flags, streamId, buffer, from, to);
      case FrameType.headers:
        return this.#onHeadersFrame(flags, streamId, buffer, from, to);
      case FrameType.continuation:
        return this.#onContinuation(flags, buffer, from, to);
      case FrameType.rstStream:
        return this.#onRstStream(streamId, buffer, from, to);
      case FrameType.settings:
        return this.#onSettingsFrame(flags, streamId, buffer, from, to);
      case FrameType.ping:
        return this.#onPing(flags, streamId, buffer, from, to);
      case FrameType.goAway:
        if (streamId !== 0) return this.fail(ErrorCode.protocolError);
        if (to - from < 8) return this.fail(ErrorCode.frameSizeError);
        this.onGoAway(buffer.readUInt32BE(from) & MAX_WINDOW_BYTES, buffer.readUInt32BE(from + 4));
        return true;
      case FrameType.windowUpdate:
        return this.#onWindowUpdate(streamId, buffer, from, to);
      case FrameType.priority:
        return this.#onPriority(streamId, buffer, from, to);
      case FrameType.pushPromise:
        return this.fail(ErrorCode.protocolError);
      default:
        // Unknown types are ignored (section 4.1), but not for free.
        return this.spend(COST.control);
    }
  }

  protected spend(credits: number): boolean {
    return this.guard.spend(credits) || this.fail(ErrorCode.enhanceYourCalm);
  }

  // --- streams ---

  // eslint-disable-next-line @typescript-eslint/max-params -- the parts of a frame, taken apart once
  #onDataFrame(flags: number, streamId: number, buffer: Buffer, from: number, to: number): boolean {
    if (streamId === 0) return this.fail(ErrorCode.protocolError);
    const flowBytes = to - from;
    const payloadTo = (flags & Flag.padded) === 0 ? to : unpaddedEnd(buffer, from, to);
    if (payloadTo < 0) return this.fail(ErrorCode.protocolError);
    const payloadFrom = (flags & Flag.padded) === 0 ? from : from + 1;
    const endStream = (flags & Flag.endStream) !== 0;
    if (payloadTo === payloadFrom && !endStream && !this.spend(COST.emptyData)) return false;
    const stream = this.streams.get(streamId);
    if (stream === undefined) {
      this.consumed(flowBytes);
      return this.mayBeClosed(streamId) ? this.refuseClosed(streamId) : this.fail(ErrorCode.protocolError);
    }
    if (!stream.takeFlow(flowBytes)) return this.fail(ErrorCode.flowControlError);
    // Padding is consumed as it comes.
    stream.consumed(flowBytes - (payloadTo - payloadFrom));
    if (payloadTo > payloadFrom) this.guard.earn(1);
    stream.onData(buffer, payloadFrom, payloadTo, endStream);
    return !this.isFailed;
  }

  /** DATA or HEADERS for a stream that has ended: an error of that stream (section 5.1), answered until the peer overdoes it. */
  protected refuseClosed(streamId: number): boolean {
    if (!this.spend(COST.control)) return false;
    this.resetStream(streamId, ErrorCode.streamClosed);
    return true;
  }

  // eslint-disable-next-line @typescript-eslint/max-params -- the parts of a frame, taken apart once
  #onHeadersFrame(flags: number, streamId: number, buffer: Buffer, from: number, to: number): boolean {
    if (streamId === 0) return this.fail(ErrorCode.protocolError);
    let start = from;
    let end = to;
    if ((flags & Flag.padded) !== 0) {
      end = unpaddedEnd(buffer, from, to);
      start += 1;
    }
    if ((flags & Flag.priority) !== 0) {
      if (end - start < 5) return this.fail(ErrorCode.frameSizeError);
      if ((buffer.readUInt32BE(start) & MAX_WINDOW_BYTES) === streamId)
        return this.fail(ErrorCode.protocolError);
      start += 5;
    }
    if (end < start) return this.fail(ErrorCode.protocolError);
    const endStream = (flags & Flag.endStream) !== 0;
    if ((flags & Flag.endHeaders) !== 0) return this.#decode(streamId, endStream, buffer, start, end);
    this.#block.open(streamId, endStream, buffer, start, end);
    return true;
  }

  #onContinuation(flags: number, buffer: Buffer, from: number, to: number): boolean {
    const block = this.#block;
    if (!block.isOpen) return this.fail(ErrorCode.protocolError);
    if (!block.append(buffer, from, to)) return this.fail(ErrorCode.enhanceYourCalm);
    if ((flags & Flag.endHeaders) === 0) return true;
    const bytes = block.close();
    return this.#decode(block.streamId, block.endStream, bytes, 0, bytes.length);
  }

  // eslint-disable-next-line @typescript-eslint/max-params -- a block is whole in the frame, or was gathered
  #decode(streamId: number, endStream: boolean, buffer: Buffer, from: number, to: number): boolean {
    const result = this.decoder.decode(buffer, from, to);
    if (result === 'compression') return this.fail(ErrorCode.compressionError);
    return this.onHeaderBlock(streamId, endStream, result === 'too-large');
  }

  #onRstStream(streamId: number, buffer: Buffer, from: number, to: number): boolean {
    if (to - from !== 4) return this.fail(ErrorCode.frameSizeError);
    const stream = this.streams.get(streamId);
    if (stream === undefined && (streamId === 0 || !this.mayBeClosed(streamId))) {
      return this.fail(ErrorCode.protocolError);
    }
    if (!this.spend(COST.reset)) return false;
    stream?.onReset(buffer.readUInt32BE(from));
    return true;
  }

  #onPriority(streamId: number, buffer: Buffer, from: number, to: number): boolean {
    if (streamId === 0) return this.fail(ErrorCode.protocolError);
    if (to - from !== 5) {
      this.resetStream(streamId, ErrorCode.frameSizeError);
      return this.spend(COST.reset);
    }
    if ((buffer.readUInt32BE(from) & MAX_WINDOW_BYTES) === streamId) {
      this.resetStream(streamId, ErrorCode.protocolError);
      return this.spend(COST.reset);
    }
    return this.spend(COST.control);
  }

  // --- the connection ---

  // eslint-disable-next-line @typescript-eslint/max-params -- the parts of a frame, taken apart once
  #onSettingsFrame(flags: number, streamId: number, buffer: Buffer, from: number, to: number): boolean {
    if (streamId !== 0) return this.fail(ErrorCode.protocolError);
    if ((flags & Flag.ack) !== 0) return to === from || this.fail(ErrorCode.frameSizeError);
    if ((to - from) % 6 !== 0) return this.fail(ErrorCode.frameSizeError);
    if (!this.spend(COST.control + (to - from) / 60)) return false;
    const windowBefore = this.peer.streamWindowBytes;
    for (let at = from; at < to; at += 6) {
      const code = this.peer.apply(buffer.readUInt16BE(at), buffer.readUInt32BE(at + 2));
      if (code !== ErrorCode.noError) return this.fail(code);
    }
    this.encoder.setPeerLimit(this.peer.headerTableBytes);
    // Acknowledged before anything is sent that makes use of it.
    this.writer.header(0, FrameType.settings, Flag.ack, 0);
    if (!this.#moveWindows(this.peer.streamWindowBytes - windowBefore))
      return this.fail(ErrorCode.flowControlError);
    this.onSettings();
    return true;
  }

  /** A changed initial window moves the windows of open streams, perhaps below zero (section 6.9.2). */
  #moveWindows(change: number): boolean {
    for (const stream of this.streams.all()) {
      stream.sendWindow += change;
      if (stream.sendWindow > MAX_WINDOW_BYTES) return false;
      if (change > 0) stream.pump();
    }
    return true;
  }

  // eslint-disable-next-line @typescript-eslint/max-params -- the parts of a frame, taken apart once
  #onPing(flags: number, streamId: number, buffer: Buffer, from: number, to: number): boolean {
    if (streamId !== 0) return this.fail(ErrorCode.protocolError);
    if (to - from !== 8) return this.fail(ErrorCode.frameSizeError);
    if ((flags & Flag.ack) !== 0) {
      this.onPingAnswered();
      return true;
    }
    if (!this.spend(COST.control)) return false;
    const at = this.writer.header(8, FrameType.ping, Flag.ack, 0);
    buffer.copy(this.writer.buffer, at, from, to);
    return true;
  }

  protected onPingAnswered(): void {
    // Nothing, unless a role asked.
  }

  #onWindowUpdate(streamId: number, buffer: Buffer, from: number, to: number): boolean {
    if (to - from !== 4) return this.fail(ErrorCode.frameSizeError);
    const bytes = buffer.readUInt32BE(from) & MAX_WINDOW_BYTES;
    if (!this.spend(COST.control)) return false;
    if (streamId === 0) {
      this.sendWindow += bytes;
      if (bytes === 0) return this.fail(ErrorCode.protocolError);
      if (this.sendWindow > MAX_WINDOW_BYTES) return this.fail(ErrorCode.flowControlError);
      this.onDrain();
      return true;
    }
    const stream = this.streams.get(streamId);
    if (stream === undefined) return this.mayBeClosed(streamId) || this.fail(ErrorCode.protocolError);
    stream.sendWindow += bytes;
    if (bytes === 0) stream.fail(ErrorCode.protocolError);
    else if (stream.sendWindow > MAX_WINDOW_BYTES) stream.fail(ErrorCode.flowControlError);
    else stream.pump();
    return true;
  }

  /** Received bytes have been dealt with: the peer may send as many more. */
  consumed(bytes: number): void {
    this.#owedBytes += bytes;
    if (this.#owedBytes < this.limits.connectionWindowBytes / 4) return;
    this.windowUpdate(0, this.#owedBytes);
    this.#owedBytes = 0;
  }

  windowUpdate(streamId: number, bytes: number): void {
    const at = this.writer.header(4, FrameType.windowUpdate, 0, streamId);
    this.writer.buffer.writeUInt32BE(bytes, at);
  }

  resetStream(streamId: number, code: number): void {
    const at = this.writer.header(4, FrameType.rstStream, 0, streamId);
    this.writer.buffer.writeUInt32BE(code, at);
  }

  /** SETTINGS, and the connection's window, which no setting covers. */
  protected sendSettings(settings: readonly (readonly [number, number])[]): void {
    let at = this.writer.header(settings.length * 6, FrameType.settings, 0, 0);
    const { buffer } = this.writer;
    for (const [name, value] of settings) {
      buffer.writeUInt16BE(name, at);
      buffer.writeUInt32BE(value, at + 2);
      at += 6;
    }
    this.windowUpdate(0, this.limits.connectionWindowBytes - DEFAULT_WINDOW_BYTES);
  }

  sendGoAway(lastStreamId: number, code: number): void {
    const at = this.writer.header(8, FrameType.goAway, 0, 0);
    this.writer.buffer.writeUInt32BE(lastStreamId, at);
    this.writer.buffer.writeUInt32BE(code, at + 4);
  }

  /** Ends the connection with GOAWAY. Always false, for callers to return. */
  fail(code: number): boolean {
    if (this.isFailed) return false;
    this.isFailed = true;
    this.sendGoAway(this.lastPeerStream(), code);
    this.writer.flush();
    this.transport.socket.destroySoon();
    return false;
  }

  // --- backpressure ---

  /** The stream has something to send and no window of the connection, or the socket is full. */
  block(stream: Stream): void {
    this.#blocked.push(stream);
  }

  /** The socket, or the connection's window, has room again. */
  onDrain(): void {
    if (this.#blocked.length === 0) return;
    const streams = this.#blocked;
    this.#blocked = [];
    for (const stream of streams) {
      stream.isBlocked = false;
      stream.pump();
    }
  }

  /** The peer will not send any more; what it might still read is not worth keeping a half-open connection for. */
  onEnd(): void {
    this.transport.socket.end();
  }

  onClose(): void {
    this.isClosed = true;
    this.isFailed = true;
    for (const stream of this.streams.all()) stream.onConnectionLost();
    this.onConnectionClosed();
  }

  nextReadBuffer(): null {
    return null;
  }
}

/** End of the payload before the padding; -1 when there is more padding than frame (section 6.1). */
function unpaddedEnd(buffer: Buffer, from: number, to: number): number {
  const end = to - (buffer[from] as number);
  return from === to || end <= from ? -1 : end;
}
