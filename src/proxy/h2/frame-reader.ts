/**
 * Splits reads of any size into frames. DATA is passed on as it arrives, in pieces that look like separate frames; of any other frame
 * that a read leaves unfinished, what is there is kept until the rest has come. So a connection never holds payload here.
 */
import { Flag, FRAME_HEADER_BYTES, FrameType, MAX_FRAME_BYTES, MAX_WINDOW_BYTES } from './frame.ts';

const NOTHING = Buffer.alloc(0);

export class FrameReader {
  /** Of the present frame, when `next` was true. Payload is `buffer[from, to)`, valid until the read is over. */
  type = 0;
  flags = 0;
  streamId = 0;
  buffer: Buffer = NOTHING;
  from = 0;
  to = 0;
  /** The frame is larger than allowed; nothing after it can be read. */
  isTooLarge = false;
  /** The read. */
  #read: Buffer = NOTHING;
  #position = 0;
  #end = 0;
  /** The beginning of an incomplete frame, `#heldBytes` of it; empty if there is none. */
  #held: Buffer = NOTHING;
  #heldBytes = 0;
  /** Missing payload of the current DATA frame, and the flags of its last piece. */
  #dataLeft = 0;
  #lastFlags = 0;

  feed(read: Buffer, length: number): void {
    this.#read = read;
    this.#position = 0;
    this.#end = length;
  }

  /** Bytes of the read that no frame has taken yet. */
  get left(): number {
    return this.#end - this.#position;
  }

  /** Part of a frame with header fields has arrived; the rest has not. Call after `next` has returned false. */
  get isInsideHeaders(): boolean {
    return (
      this.#heldBytes >= FRAME_HEADER_BYTES &&
      (this.type === FrameType.headers || this.type === FrameType.continuation)
    );
  }

  /** Compares received bytes with `expected` after its first `seen` bytes. Returns the number seen now; -1 if they differ. */
  expect(expected: Buffer, seen: number): number {
    const bytes = Math.min(expected.length - seen, this.left);
    const at = this.#position;
    if (this.#read.compare(expected, seen, seen + bytes, at, at + bytes) !== 0) return -1;
    this.#position += bytes;
    return seen + bytes;
  }

  /** Moves to the next frame, or piece of one; false when there is none in this read. */
  next(): boolean {
    if (this.#dataLeft > 0) return this.#nextPiece();
    if (this.#heldBytes > 0) return this.#completeHeld();
    const at = this.#position;
    const { left } = this;
    if (left < FRAME_HEADER_BYTES) return this.#hold(FRAME_HEADER_BYTES);
    const payloadBytes = this.#readHeader(this.#read, at);
    if (this.isTooLarge) return true;
    const frameBytes = FRAME_HEADER_BYTES + payloadBytes;
    if (left >= frameBytes) {
      this.buffer = this.#read;
      this.from = at + FRAME_HEADER_BYTES;
      this.to = at + frameBytes;
      this.#position = this.to;
      return true;
    }
    if (!this.#isDivisible()) return this.#hold(frameBytes);
    this.#position += FRAME_HEADER_BYTES;
    return this.#beginPieces(payloadBytes);
  }

  /** Takes over what a frame's header says; returns the size of its payload. */
  #readHeader(buffer: Buffer, at: number): number {
    const payloadBytes =
      ((buffer[at] as number) << 16) | ((buffer[at + 1] as number) << 8) | (buffer[at + 2] as number);
    this.type = buffer[at + 3] as number;
    this.flags = buffer[at + 4] as number;
    this.streamId =
      (((buffer[at + 5] as number) << 24) |
        ((buffer[at + 6] as number) << 16) |
        ((buffer[at + 7] as number) << 8) |
        (buffer[at + 8] as number)) &
      MAX_WINDOW_BYTES;
    this.isTooLarge = payloadBytes > MAX_FRAME_BYTES;
    return payloadBytes;
  }

  /** Padding is at the end and its length at the beginning, so such a frame is buffered whole. */
  #isDivisible(): boolean {
    return this.type === FrameType.data && (this.flags & Flag.padded) === 0;
  }

  #beginPieces(payloadBytes: number): boolean {
    this.#dataLeft = payloadBytes;
    this.#lastFlags = this.flags;
    return this.#nextPiece();
  }

  #nextPiece(): boolean {
    const bytes = Math.min(this.left, this.#dataLeft);
    if (bytes === 0) return false;
    this.buffer = this.#read;
    this.from = this.#position;
    this.to = this.#position + bytes;
    this.#position = this.to;
    this.#dataLeft -= bytes;
    this.flags = this.#dataLeft === 0 ? this.#lastFlags : 0;
    return true;
  }

  /** Keeps the rest of the read as the beginning of a frame of which `bytes` are needed. Always false. */
  #hold(bytes: number): false {
    const { left } = this;
    if (left === 0) return false;
    this.#held = Buffer.allocUnsafe(bytes);
    this.#read.copy(this.#held, 0, this.#position, this.#end);
    this.#heldBytes = left;
    this.#position = this.#end;
    return false;
  }

  #completeHeld(): boolean {
    if (!this.#fillTo(FRAME_HEADER_BYTES)) return false;
    const payloadBytes = this.#readHeader(this.#held, 0);
    if (this.isTooLarge) return true;
    if (this.#heldBytes === FRAME_HEADER_BYTES && payloadBytes > 0 && this.#isDivisible()) {
      this.#release();
      return this.#beginPieces(payloadBytes);
    }
    const frameBytes = FRAME_HEADER_BYTES + payloadBytes;
    if (this.#held.length < frameBytes) {
      const larger = Buffer.allocUnsafe(frameBytes);
      this.#held.copy(larger, 0, 0, this.#heldBytes);
      this.#held = larger;
    }
    if (!this.#fillTo(frameBytes)) return false;
    this.buffer = this.#held;
    this.from = FRAME_HEADER_BYTES;
    this.to = frameBytes;
    this.#release();
    return true;
  }

  /** Adds to what is held until it is `bytes`; false when the read has not as many. */
  #fillTo(bytes: number): boolean {
    const missing = Math.min(bytes - this.#heldBytes, this.left);
    if (missing > 0) {
      this.#read.copy(this.#held, this.#heldBytes, this.#position, this.#position + missing);
      this.#heldBytes += missing;
      this.#position += missing;
    }
    return this.#heldBytes >= bytes;
  }

  #release(): void {
    this.#held = NOTHING;
    this.#heldBytes = 0;
  }

  /** The read is over: its buffer must not be used any more. */
  endRead(): void {
    this.#read = NOTHING;
    this.buffer = NOTHING;
    this.#end = 0;
    this.#position = 0;
  }
}
