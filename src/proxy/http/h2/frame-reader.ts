/** Frames out of reads of any size. What a read leaves unfinished is kept until the rest has come. */
import { FRAME_HEADER_BYTES, MAX_WINDOW_BYTES } from './frame.ts';

const NOTHING = Buffer.alloc(0);

export class FrameReader {
  /** Of the present frame, when `next` was true. Payload is `buffer[from, to)`, valid until the read is over. */
  type = 0;
  flags = 0;
  streamId = 0;
  payloadBytes = 0;
  buffer: Buffer = NOTHING;
  from = 0;
  to = 0;
  #end = 0;
  #position = 0;
  #kept: Buffer = NOTHING;

  feed(buffer: Buffer, length: number): void {
    if (this.#kept.length === 0) {
      this.buffer = buffer;
      this.#end = length;
    } else {
      this.buffer = Buffer.concat([this.#kept, buffer.subarray(0, length)]);
      this.#end = this.buffer.length;
      this.#kept = NOTHING;
    }
    this.#position = 0;
  }

  /** Bytes of the read that no frame has taken yet. */
  get left(): number {
    return this.#end - this.#position;
  }

  /** Takes the first `expected.length` bytes: 1 when they are as expected, 0 when more must come, -1 when they differ. */
  expect(expected: Buffer): -1 | 0 | 1 {
    const length = Math.min(expected.length, this.left);
    if (expected.compare(this.buffer, this.#position, this.#position + length, 0, length) !== 0) return -1;
    if (length < expected.length) return 0;
    this.#position += length;
    return 1;
  }

  /**
   * Moves to the next frame; false when it is not whole yet. A frame larger than allowed is shown with its header alone, since
   * waiting for its payload would be what its sender wants.
   */
  next(): boolean {
    const { buffer } = this;
    const at = this.#position;
    if (this.#end - at < FRAME_HEADER_BYTES) return false;
    const payloadBytes = buffer.readUIntBE(at, 3);
    const to = at + FRAME_HEADER_BYTES + payloadBytes;
    if (to > this.#end && payloadBytes <= 16_384) return false;
    this.payloadBytes = payloadBytes;
    this.type = buffer[at + 3] as number;
    this.flags = buffer[at + 4] as number;
    this.streamId = buffer.readUInt32BE(at + 5) & MAX_WINDOW_BYTES;
    this.from = at + FRAME_HEADER_BYTES;
    this.to = to;
    this.#position = to;
    return true;
  }

  /** The read is over: what is left is copied, for its buffer belongs to somebody else. */
  keep(): void {
    this.#kept = this.left > 0 ? Buffer.from(this.buffer.subarray(this.#position, this.#end)) : NOTHING;
    this.buffer = NOTHING;
  }

  discard(): void {
    this.#kept = NOTHING;
    this.buffer = NOTHING;
  }
}
