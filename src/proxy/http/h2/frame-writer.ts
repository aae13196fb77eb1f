/**
 * Output of one connection. All frames of an event-loop turn leave in one write: connections that have something to say are flushed
 * together when the turn's reads are done.
 */
import type { Transport } from '../../listener/transport.ts';
import { FRAME_HEADER_BYTES } from './frame.ts';

const BUFFER_BYTES = 65_536;
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
  #length = 0;
  #isDirty = false;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** The socket has more to send than it should: producers pause until its drain. */
  get isFull(): boolean {
    return this.#transport.socket.writableNeedDrain;
  }

  /** Where the next bytes go; `take` says how many were written. Valid until the next call of `room`. */
  room(bytes: number): Buffer {
    if (this.#buffer !== null && this.#length + bytes > this.#buffer.length) this.#send();
    if (this.#buffer === null || bytes > this.#buffer.length) {
      this.#buffer =
        bytes > BUFFER_BYTES
          ? Buffer.allocUnsafeSlow(bytes)
          : (free.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES));
      this.#length = 0;
    }
    this.#markDirty();
    return this.#buffer;
  }

  get at(): number {
    return this.#length;
  }

  /** Everything up to `position` of the buffer that `room` gave counts as written. */
  take(position: number): void {
    this.#length = position;
  }

  /** Writes a frame's header where `room` was made for it and its payload; returns where the payload goes. */
  header(payloadBytes: number, type: number, flags: number, streamId: number): number {
    const buffer = this.room(FRAME_HEADER_BYTES + payloadBytes);
    const end = putFrameHeader(buffer, this.#length, { payloadBytes, type, flags, streamId });
    this.#length = end + payloadBytes;
    return end;
  }

  /** The buffer that `header` wrote into. */
  get buffer(): Buffer {
    return this.#buffer as Buffer;
  }

  #markDirty(): void {
    if (this.#isDirty) return;
    this.#isDirty = true;
    dirty.push(this);
    if (isScheduled) return;
    isScheduled = true;
    setImmediate(flushAll);
  }

  flush(): void {
    this.#isDirty = false;
    this.#send();
    const buffer = this.#buffer;
    if (buffer === null) return;
    this.#buffer = null;
    if (free.length < MAX_FREE && buffer.length === BUFFER_BYTES) free.push(buffer);
  }

  /** Leaves the buffer in place when its bytes are out, so that the next frames can use it. */
  #send(): void {
    const buffer = this.#buffer;
    const length = this.#length;
    if (buffer === null || length === 0) return;
    this.#length = 0;
    const { socket, encrypted } = this.#transport;
    if (socket.destroyed) return;
    if (encrypted) {
      socket.write(Buffer.from(buffer.subarray(0, length)));
      return;
    }
    this.#buffer = null;
    socket.write(length === buffer.length ? buffer : buffer.subarray(0, length));
    if (socket.writableLength === 0) this.#buffer = buffer;
  }
}

export interface FrameHeader {
  readonly payloadBytes: number;
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
}

/** Returns the position after the nine bytes. */
export function putFrameHeader(buffer: Buffer, at: number, header: FrameHeader): number {
  const { payloadBytes, streamId } = header;
  buffer[at] = payloadBytes >>> 16;
  buffer[at + 1] = payloadBytes >>> 8;
  buffer[at + 2] = payloadBytes;
  buffer[at + 3] = header.type;
  buffer[at + 4] = header.flags;
  buffer[at + 5] = streamId >>> 24;
  buffer[at + 6] = streamId >>> 16;
  buffer[at + 7] = streamId >>> 8;
  buffer[at + 8] = streamId;
  return at + FRAME_HEADER_BYTES;
}
