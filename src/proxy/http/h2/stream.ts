/**
 * One stream's flow control and output: payload goes out as far as the windows and the socket allow, the rest waits, bounded by the
 * producer's being told to pause.
 */
import type { FieldList } from '../head.ts';
import { ErrorCode, Flag, FrameType, MAX_FRAME_BYTES } from './frame.ts';
import type { H2Connection } from './connection.ts';

/** Chunks this small are copied in a loop, which beats the call. */
const TINY_BYTES = 32;

export abstract class H2Stream {
  readonly id: number;
  sendWindow: number;
  /** In the connection's list of streams that wait. */
  isBlocked = false;
  /** Ends: the peer has sent everything; we have. */
  remoteEnded = false;
  localEnded = false;
  isClosed = false;
  /** What the peer may still send. */
  #receiveWindow: number;
  /** Received and dealt with, not given back yet. */
  #owedBytes = 0;
  /** Received while the receiver had asked for a pause: given back when it goes on. */
  #heldBytes = 0;
  #isPaused = false;
  #pending: Buffer[] = [];
  #endsAfterPending = false;
  #trailersAfterPending: FieldList | null = null;
  #owesDrain = false;

  constructor(id: number, sendWindow: number, receiveWindow: number) {
    this.id = id;
    this.sendWindow = sendWindow;
    this.#receiveWindow = receiveWindow;
  }

  protected abstract get connection(): H2Connection<H2Stream>;

  abstract onData(buffer: Buffer, from: number, to: number, endStream: boolean): void;
  /** The peer reset the stream. */
  abstract onReset(code: number): void;
  abstract onConnectionLost(): void;
  /** There is room again after a send that returned false. */
  protected abstract onDrained(): void;
  /** Writes `trailers` as the last header block. */
  protected abstract writeTrailers(trailers: FieldList): void;
  /** Both directions have ended, or the stream was reset. */
  protected abstract onClosed(): void;

  // --- receiving ---

  /** Accounts for a DATA frame; false when the peer has sent more than it may. */
  takeFlow(bytes: number): boolean {
    this.#receiveWindow -= bytes;
    return this.#receiveWindow >= 0;
  }

  /** Received bytes have been passed on. While the receiver pauses they stay charged, to the stream and to the connection. */
  consumed(bytes: number): void {
    if (bytes === 0) return;
    if (this.#isPaused) {
      this.#heldBytes += bytes;
      return;
    }
    this.connection.consumed(bytes);
    this.#owedBytes += bytes;
    if (this.remoteEnded || this.#owedBytes < this.connection.limits.streamWindowBytes / 2) return;
    this.connection.windowUpdate(this.id, this.#owedBytes);
    this.#receiveWindow += this.#owedBytes;
    this.#owedBytes = 0;
  }

  protected pauseReceiving(): void {
    this.#isPaused = true;
  }

  protected resumeReceiving(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    const held = this.#heldBytes;
    this.#heldBytes = 0;
    this.consumed(held);
  }

  // --- sending ---

  /** `isLast`: our direction ends with these bytes. False when the producer should pause; `onDrained` follows. */

  protected send(buffer: Buffer, from: number, to: number, isLast: boolean): boolean {
    if (this.localEnded || this.isClosed) return true;
    let position = from;
    if (this.#pending.length === 0 && !this.connection.writer.isFull)
      position = this.#write(buffer, from, to, isLast);
    if (isLast) this.localEnded = true;
    if (position === to) {
      if (isLast) this.closeIfDone();
      return this.#hasRoom();
    }
    this.#endsAfterPending = isLast;
    this.#pending.push(Buffer.from(buffer.subarray(position, to)));
    this.#wait();
    return false;
  }

  /** Ends our direction, after what waits. */
  protected end(trailers: FieldList | null): void {
    if (this.localEnded || this.isClosed) return;
    this.localEnded = true;
    if (this.#pending.length > 0) {
      this.#endsAfterPending = true;
      this.#trailersAfterPending = trailers;
      return;
    }
    this.#writeEnd(trailers);
  }

  #writeEnd(trailers: FieldList | null): void {
    if (trailers === null) this.connection.writer.header(0, FrameType.data, Flag.endStream, this.id);
    else this.writeTrailers(trailers);
    this.closeIfDone();
  }

  /** Our side has ended with the head. */
  protected endedWithHead(): void {
    this.localEnded = true;
    this.closeIfDone();
  }

  protected closeIfDone(): void {
    if (this.localEnded && this.remoteEnded && this.#pending.length === 0) this.#close();
  }

  #hasRoom(): boolean {
    if (!this.connection.writer.isFull) return true;
    this.#wait();
    return false;
  }

  #wait(): void {
    this.#owesDrain = true;
    if (this.isBlocked) return;
    const { connection } = this;
    if (connection.sendWindow <= 0 || connection.writer.isFull) {
      this.isBlocked = true;
      connection.block(this);
    }
  }

  /** Writes as much as the windows allow; returns the position reached. */
  #write(buffer: Buffer, from: number, to: number, end: boolean): number {
    const { connection } = this;
    const { writer } = connection;
    let position = from;
    while (position < to) {
      const bytes = Math.min(to - position, connection.sendWindow, this.sendWindow, MAX_FRAME_BYTES);
      if (bytes <= 0) break;
      const isLast = end && position + bytes === to;
      const at = writer.header(bytes, FrameType.data, isLast ? Flag.endStream : 0, this.id);
      copy(buffer, position, writer.buffer, at, bytes);
      connection.sendWindow -= bytes;
      this.sendWindow -= bytes;
      position += bytes;
    }
    return position;
  }

  /** There may be room now: sends what waits. */
  pump(): void {
    const { connection } = this;
    while (this.#pending.length > 0 && !this.isClosed) {
      if (connection.writer.isFull) break;
      const chunk = this.#pending[0] as Buffer;
      const isLast =
        this.#pending.length === 1 && this.#endsAfterPending && this.#trailersAfterPending === null;
      const position = this.#write(chunk, 0, chunk.length, isLast);
      if (position < chunk.length) {
        this.#pending[0] = chunk.subarray(position);
        this.#wait();
        return;
      }
      this.#pending.shift();
      if (isLast) this.closeIfDone();
    }
    if (this.#pending.length > 0 || connection.writer.isFull) {
      this.#wait();
      return;
    }
    if (this.#endsAfterPending && this.#trailersAfterPending !== null) {
      const trailers = this.#trailersAfterPending;
      this.#trailersAfterPending = null;
      this.#writeEnd(trailers);
    } else if (this.#owesDrain && !this.localEnded) {
      this.#owesDrain = false;
      this.onDrained();
    }
  }

  // --- the end ---

  /** Ends the stream with RST_STREAM. */
  protected reset(code: number): void {
    if (this.isClosed) return;
    this.connection.resetStream(this.id, code);
    this.#close();
  }

  /** The peer made an error that costs it the stream. */
  fail(code: number): void {
    this.reset(code);
    this.onReset(ErrorCode.noError);
  }

  protected forget(): void {
    if (!this.isClosed) this.#close();
  }

  #close(): void {
    this.isClosed = true;
    this.#pending = [];
    this.connection.consumed(this.#heldBytes);
    this.#heldBytes = 0;
    this.connection.streams.delete(this.id);
    this.onClosed();
  }
}

// eslint-disable-next-line @typescript-eslint/max-params -- as Buffer.copy
function copy(source: Buffer, from: number, target: Buffer, at: number, bytes: number): void {
  if (bytes > TINY_BYTES) {
    source.copy(target, at, from, from + bytes);
    return;
  }
  for (let index = 0; index < bytes; index++) target[at + index] = source[from + index] as number;
}
