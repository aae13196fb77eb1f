/**
 * The buffer for the next read of a body: the shared one, or a large one that is then passed on without a copy. Only a flow that
 * fills its reads gets large buffers: a peer that announces a large body and sends little must not hold 256 KiB.
 */
import { bulkBuffers } from './bulk-buffers.ts';

/** After a read of this size, the next one gets a large buffer; after reads below `SLOW_READ_BYTES`, it is released. */
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
