/**
 * Where the next read of a body goes: into the shared buffer, or into a large one that is then passed on uncopied. Only a flow that
 * fills its reads gets large buffers: a peer that announces much and sends little must not hold a quarter of a megabyte.
 */
import { bulkBuffers } from './bulk-buffers.ts';

/** A read of this much asks for a large buffer; reads below `SLOW_READ_BYTES` give it back. */
const FAST_READ_BYTES = 32_768;
const SLOW_READ_BYTES = 16_384;

export class BulkRead {
  lastReadBytes = 0;
  #buffer: Buffer | null = null;

  /** The buffer for the next read, or null for the shared one. `expectsMore`: a body is still coming. */
  next(expectsMore: boolean): Buffer | null {
    if (!expectsMore) {
      this.stop();
      return null;
    }
    if (this.#buffer === null) {
      if (this.lastReadBytes >= FAST_READ_BYTES) this.#buffer = bulkBuffers.take();
    } else if (this.lastReadBytes < SLOW_READ_BYTES) this.stop();
    return this.#buffer;
  }

  /** True when `buffer` is the large one; it is the receiver's from now on. */
  giveAway(buffer: Buffer): boolean {
    if (buffer !== this.#buffer) return false;
    this.#buffer = null;
    return true;
  }

  /** Takes the large buffer out of use. The transport asks for the next one before it reads again. */
  stop(): void {
    if (this.#buffer !== null) bulkBuffers.release(this.#buffer);
    this.#buffer = null;
  }
}
