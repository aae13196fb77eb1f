/** Received bytes that cannot be used yet: the start of a head, or pipelined requests. */
import { LF } from '../message/byte-tables.ts';

const FIRST_BYTES = 1_024;
/** Below this size, every read is parsed again. */
const ALWAYS_LOOK_BYTES = 2_048;

/** Reading stops at this size of pipelined bytes. */
const MAX_AHEAD_BYTES = 65_536;

const NOTHING = Buffer.alloc(0);

export class HeldBytes {
  #buffer: Buffer = NOTHING;
  #looked = 0;
  length = 0;

  /** The pipelining limit is reached. */
  get isFull(): boolean {
    return this.length >= MAX_AHEAD_BYTES;
  }

  append(bytes: Buffer, from: number, to: number): void {
    const needed = this.length + to - from;
    if (needed > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, 2 ** (32 - Math.clz32(needed - 1))));
      this.#buffer.copy(larger, 0, 0, this.length);
      this.#buffer = larger;
    }
    bytes.copy(this.#buffer, this.length, from, to);
    this.length = needed;
  }

  /**
   * Whether parsing the held bytes again is worthwhile: a parse starts from the first byte, so a head that arrives
   * byte by byte would otherwise cost time in the square of its length. A line's end, or a quarter more than at the last
   * attempt, is worth one, and so is reaching `limit`, beyond which there can be no head.
   */
  isWorthALook(limit: number): boolean {
    const isNew = this.#buffer.subarray(this.#looked, this.length).includes(LF);
    const hasGrown = this.length <= ALWAYS_LOOK_BYTES || this.length >= this.#looked * 1.25;
    if (!isNew && !hasGrown && this.length < limit) return false;
    this.#looked = this.length;
    return true;
  }

  /** The held bytes, `[0, length)` of a buffer that the caller owns from now on. */
  take(): Buffer {
    const buffer = this.#buffer;
    this.#buffer = NOTHING;
    this.length = 0;
    this.#looked = 0;
    return buffer;
  }

  get buffer(): Buffer {
    return this.#buffer;
  }
}
