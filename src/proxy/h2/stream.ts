/**
 * One stream's flow control and output: payload is sent as far as the windows and the socket allow; the rest is queued, and the
 * producer is told to pause.
 */
import type { FieldList } from '../message/head.ts';
import type { H2Connection } from './connection.ts';
import { trailersToSend } from './field-entries.ts';
import { Flag, FrameType, MAX_FRAME_BYTES } from './frame.ts';
import type { HeaderEntry } from '../message/header-entry.ts';

/** Chunks this small are copied in a loop, which beats the call. */
const TINY_BYTES = 24;

export abstract class H2Stream {
  readonly id: number;
  sendWindow: number;
  /** In the connection's list of streams that wait. */
  isBlocked = false;
  /** The peer has sent END_STREAM; the gateway has. */
  remoteEnded = false;
  localEnded = false;
  isClosed = false;
  /** What the peer may still send. */
  #receiveWindow: number;
  /** Consumed bytes that were not returned to the window yet. */
  #owedBytes = 0;
  /** Received while the receiver was paused: returned to the window when it resumes. */
  #heldBytes = 0;
  #isPaused = false;
  /** Queued payload, then the end of the gateway's direction with its trailers; null if nothing is queued. */
  #pending: Buffer[] | null = null;
  #pendingTrailers: readonly HeaderEntry[] | null = null;
  #owesDrain = false;

  constructor(id: number, sendWindow: number, receiveWindow: number) {
    this.id = id;
    this.sendWindow = sendWindow;
    this.#receiveWindow = receiveWindow;
  }

  protected abstract readonly connection: H2Connection<H2Stream>;

  abstract onData(buffer: Buffer, from: number, to: number, endStream: boolean): void;
  /** The peer reset the stream. */
  abstract onReset(code: number): void;
  abstract onConnectionLost(): void;
  /** A stream error of the peer. */
  abstract fail(code: number): void;
  /** There is room again after a send that returned false. */
  protected abstract onDrained(): void;
  /** The gateway's direction has ended and nothing is queued; the peer's has not ended. */
  protected abstract onSentAll(): void;
  /** Both directions have ended, or the stream was reset. */
  protected abstract onClosed(): void;

  // --- receiving ---

  /** Accounts for a DATA frame; false if the peer has exceeded its window. */
  takeFlow(bytes: number): boolean {
    this.#receiveWindow -= bytes;
    return this.#receiveWindow >= 0;
  }

  /** Received bytes have been passed on. While the receiver is paused, they still count against the windows of stream and connection. */
  consumed(bytes: number): void {
    // A closed stream cannot resume: bytes charged to it would reduce the connection's window forever.
    if (this.#isPaused && !this.isClosed) {
      this.#heldBytes += bytes;
      return;
    }
    const { connection } = this;
    connection.flow.consumed(bytes);
    this.#owedBytes += bytes;
    if (this.remoteEnded || this.isClosed || this.#owedBytes < connection.limits.streamWindowBytes / 2)
      return;
    connection.writer.windowUpdate(this.id, this.#owedBytes);
    this.#receiveWindow += this.#owedBytes;
    this.#owedBytes = 0;
  }

  protected get isPaused(): boolean {
    return this.#isPaused;
  }

  protected pauseReceiving(): void {
    this.#isPaused = true;
  }

  protected resumeReceiving(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    const held = this.#heldBytes;
    this.#heldBytes = 0;
    if (held > 0) this.consumed(held);
  }

  // --- sending ---

  /** `isLast`: the gateway's direction ends with these bytes. False when the producer should pause; `onDrained` follows. */
  protected send(buffer: Buffer, from: number, to: number, isLast: boolean): boolean {
    if (this.localEnded || this.isClosed) return true;
    const { connection } = this;
    connection.guard.sent();
    let position = from;
    if (this.#pending === null && !connection.writer.isFull) position = this.#write(buffer, from, to, isLast);
    if (isLast) this.localEnded = true;
    if (position < to) {
      this.#pending ??= [];
      this.#pending.push(Buffer.from(buffer.subarray(position, to)));
      this.#wait();
      return false;
    }
    if (isLast) this.#sentAll();
    if (!connection.writer.isFull) return true;
    this.#wait();
    return false;
  }

  /** Ends the gateway's direction after the queued payload. */
  protected end(trailers: FieldList | null): void {
    if (this.localEnded || this.isClosed) return;
    this.localEnded = true;
    const entries = trailers === null ? null : trailersToSend(trailers);
    if (this.#pending === null) this.#writeEnd(entries);
    else this.#pendingTrailers = entries;
  }

  /** The gateway's direction has ended with the head. */
  protected endedWithHead(): void {
    this.localEnded = true;
    this.#sentAll();
  }

  #sentAll(): void {
    if (this.remoteEnded) this.forget();
    else if (!this.isClosed) this.onSentAll();
  }

  /** The peer's direction has ended. */
  protected closeIfDone(): void {
    if (this.localEnded && this.#pending === null) this.forget();
  }

  #writeEnd(trailers: readonly HeaderEntry[] | null): void {
    const { fields, writer } = this.connection;
    if (trailers === null) writer.frame(0, FrameType.data, Flag.endStream, this.id);
    else {
      fields.begin();
      for (const entry of trailers) fields.entry(entry);
      fields.end(this.id, true);
    }
    this.#sentAll();
  }

  /** `onDrained` is owed; the connection tells when there is room, if it is the connection that has none. */
  #wait(): void {
    this.#owesDrain = true;
    const { connection } = this;
    if (this.isBlocked || (connection.flow.sendWindow > 0 && !connection.writer.isFull)) return;
    this.isBlocked = true;
    connection.flow.block(this);
  }

  /** Writes as much as the windows allow; returns the position reached. */
  #write(buffer: Buffer, from: number, to: number, isLast: boolean): number {
    const { connection, id } = this;
    const { writer } = connection;
    let position = from;
    while (position < to) {
      const bytes = Math.min(to - position, connection.flow.sendWindow, this.sendWindow, MAX_FRAME_BYTES);
      if (bytes <= 0) break;
      const flags = isLast && position + bytes === to ? Flag.endStream : 0;
      const output = writer.frame(bytes, FrameType.data, flags, id);
      const at = writer.at - bytes;
      if (bytes > TINY_BYTES) buffer.copy(output, at, position, position + bytes);
      else
        for (let index = 0; index < bytes; index++) output[at + index] = buffer[position + index] as number;
      connection.flow.sendWindow -= bytes;
      this.sendWindow -= bytes;
      position += bytes;
    }
    return position;
  }

  /** There may be room now: sends queued payload, and notifies the producer when the queue is empty. */
  pump(): void {
    const pending = this.#pending;
    const { writer } = this.connection;
    while (pending !== null && pending.length > 0) {
      const chunk = pending[0] as Buffer;
      const isLast = pending.length === 1 && this.localEnded && this.#pendingTrailers === null;
      const position = writer.isFull ? 0 : this.#write(chunk, 0, chunk.length, isLast);
      if (position < chunk.length) {
        pending[0] = chunk.subarray(position);
        this.#wait();
        return;
      }
      pending.shift();
    }
    if (pending !== null) this.#pumped();
    else if (this.#owesDrain && !this.isClosed && !this.localEnded) this.#tellDrained();
  }

  /** The queue is empty. */
  #pumped(): void {
    this.#pending = null;
    const trailers = this.#pendingTrailers;
    this.#pendingTrailers = null;
    if (trailers !== null) this.#writeEnd(trailers);
    else if (this.localEnded) this.#sentAll();
    else this.#tellDrained();
  }

  #tellDrained(): void {
    if (this.connection.writer.isFull) {
      this.#wait();
      return;
    }
    this.#owesDrain = false;
    this.onDrained();
  }

  // --- the end ---

  /** Ends the stream with RST_STREAM. */
  protected reset(code: number): void {
    if (this.isClosed) return;
    // Of a peer that has ended its direction, too: the rest of a frame that it should not have sent comes in another read.
    this.connection.resetStream(this.id, code, this.#receiveWindow);
    this.#close();
  }

  /** Ends the stream without a frame. */
  protected forget(): void {
    if (!this.isClosed) this.#close();
  }

  #close(): void {
    this.isClosed = true;
    this.#pending = null;
    this.#pendingTrailers = null;
    const { connection } = this;
    connection.streams.delete(this.id);
    if (this.#heldBytes > 0) connection.flow.consumed(this.#heldBytes);
    this.#heldBytes = 0;
    this.onClosed();
  }
}
