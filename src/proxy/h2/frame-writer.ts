/**
 * Output of one connection. All frames of an event loop iteration are sent in one write: connections with output are flushed
 * together after the reads.
 */
import type { Transport } from '../net/transport.ts';
import { Flag, FRAME_HEADER_BYTES, FrameType } from './frame.ts';

const BUFFER_BYTES = 65_536;
/** Spare buffers of the process. */
const MAX_FREE = 64;
const free: Buffer[] = [];

let dirty: FrameWriter[] = [];
let spare: FrameWriter[] = [];
let isScheduled = false;

function flushAll(): void {
  isScheduled = false;
  const writers = dirty;
  dirty = spare;
  spare = writers;
  for (const writer of writers) writer.flush();
  writers.length = 0;
}

export class FrameWriter {
  readonly #transport: Transport;
  #buffer: Buffer | null = null;
  /** Bytes of the buffer that are written: where the next frame goes. */
  at = 0;
  #isDirty = false;
  #isEnded = false;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** The socket's queue is full: producers pause until it drains. */
  get isFull(): boolean {
    return this.#transport.isBlocked;
  }

  /** Bytes that the socket has not sent yet, without those of this event loop iteration. */
  get queuedBytes(): number {
    return this.#transport.queuedBytes;
  }

  /** A buffer with room for `bytes` after `at`; what was written up to `at` leaves with it. Valid until the next call. */
  room(bytes: number): Buffer {
    let buffer = this.#buffer;
    if (buffer !== null && this.at + bytes > buffer.length) {
      this.#send();
      buffer = this.#buffer;
    }
    if (buffer === null || bytes > buffer.length) {
      buffer =
        bytes > BUFFER_BYTES
          ? Buffer.allocUnsafeSlow(bytes)
          : (free.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES));
      this.#buffer = buffer;
      this.at = 0;
    }
    if (!this.#isDirty) this.#markDirty();
    return buffer;
  }

  #markDirty(): void {
    this.#isDirty = true;
    dirty.push(this);
    if (isScheduled) return;
    isScheduled = true;
    setImmediate(flushAll);
  }

  /** Makes a frame whose payload the caller writes into the returned buffer, from `at - payloadBytes` on. */
  frame(payloadBytes: number, type: number, flags: number, streamId: number): Buffer {
    const buffer = this.room(FRAME_HEADER_BYTES + payloadBytes);
    this.closeFrame(payloadBytes, type, flags, streamId);
    return buffer;
  }

  /** Makes a frame of the `payloadBytes` in the buffer that `room` returned, a header's length after `at`. */
  closeFrame(payloadBytes: number, type: number, flags: number, streamId: number): void {
    const { at } = this;
    const buffer = this.#buffer;
    if (buffer === null) return;
    buffer[at] = payloadBytes >>> 16;
    buffer[at + 1] = payloadBytes >>> 8;
    buffer[at + 2] = payloadBytes;
    buffer[at + 3] = type;
    buffer[at + 4] = flags;
    buffer[at + 5] = streamId >>> 24;
    buffer[at + 6] = streamId >>> 16;
    buffer[at + 7] = streamId >>> 8;
    buffer[at + 8] = streamId;
    this.at = at + FRAME_HEADER_BYTES + payloadBytes;
  }

  // --- control frames ---

  windowUpdate(streamId: number, bytes: number): void {
    const buffer = this.frame(4, FrameType.windowUpdate, 0, streamId);
    buffer.writeUInt32BE(bytes, this.at - 4);
  }

  resetStream(streamId: number, code: number): void {
    const buffer = this.frame(4, FrameType.rstStream, 0, streamId);
    buffer.writeUInt32BE(code, this.at - 4);
  }

  settings(settings: readonly (readonly [number, number])[]): void {
    const bytes = settings.length * 6;
    const buffer = this.frame(bytes, FrameType.settings, 0, 0);
    let at = this.at - bytes;
    for (const [name, value] of settings) {
      at = buffer.writeUInt16BE(name, at);
      at = buffer.writeUInt32BE(value, at);
    }
  }

  acknowledgeSettings(): void {
    this.frame(0, FrameType.settings, Flag.ack, 0);
  }

  /** `payload`: eight bytes. */
  ping(payload: Buffer, flags: number): void {
    const buffer = this.frame(8, FrameType.ping, flags, 0);
    payload.copy(buffer, this.at - 8);
  }

  goAway(lastStreamId: number, code: number): void {
    const buffer = this.frame(8, FrameType.goAway, 0, 0);
    buffer.writeUInt32BE(lastStreamId, this.at - 8);
    buffer.writeUInt32BE(code, this.at - 4);
  }

  bytes(bytes: Buffer): void {
    bytes.copy(this.room(bytes.length), this.at);
    this.at += bytes.length;
  }

  // --- output ---

  flush(): void {
    this.#isDirty = false;
    this.#send();
    const buffer = this.#buffer;
    if (buffer === null) return;
    this.#buffer = null;
    if (free.length < MAX_FREE && buffer.length === BUFFER_BYTES) free.push(buffer);
  }

  /** Sends pending frames; later ones are discarded. */
  end(): void {
    this.flush();
    this.#isEnded = true;
  }

  /** Keeps the buffer if its bytes have been sent, so that the next frames can use it. */
  #send(): void {
    const buffer = this.#buffer;
    const length = this.at;
    if (buffer === null || length === 0) return;
    this.at = 0;
    const transport = this.#transport;
    if (this.#isEnded || transport.isClosed) return;
    if (transport.encrypted) {
      // One record's worth, encrypted later: its bytes must stay as they are.
      transport.enqueue(Buffer.from(buffer.subarray(0, length)));
      return;
    }
    this.#buffer = null;
    transport.enqueue(length === buffer.length ? buffer : buffer.subarray(0, length));
    if (transport.queuedBytes === 0) this.#buffer = buffer;
  }
}
