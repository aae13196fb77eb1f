/** A header block that is spread over HEADERS and CONTINUATION frames (RFC 9113 section 4.3), bounded in size and number. */
import type { FrameReader } from './frame-reader.ts';

/** Compressed size: no legitimate block comes near it. */
const MAX_BLOCK_BYTES = 131_072;
const MAX_FRAMES = 32;

export class HeaderBlock {
  streamId = 0;
  endStream = false;
  isOpen = false;
  #parts: Buffer[] = [];
  #bytes = 0;

  /** `frame.buffer[from, to)`, without padding and priority, is the first part. */
  open(frame: FrameReader, endStream: boolean, from: number, to: number): void {
    this.streamId = frame.streamId;
    this.endStream = endStream;
    this.isOpen = true;
    this.#parts = [Buffer.from(frame.buffer.subarray(from, to))];
    this.#bytes = to - from;
  }

  /** False when the block has grown beyond what is kept (CVE-2024-27316). */
  append({ buffer, from, to }: FrameReader): boolean {
    this.#bytes += to - from;
    if (this.#bytes > MAX_BLOCK_BYTES || this.#parts.length >= MAX_FRAMES) return false;
    this.#parts.push(Buffer.from(buffer.subarray(from, to)));
    return true;
  }

  close(): Buffer {
    const bytes = Buffer.concat(this.#parts);
    this.isOpen = false;
    this.#parts = [];
    return bytes;
  }
}
