/**
 * Large buffers for large bodies. A socket reads into one, the other socket writes from it uncopied, and it comes back
 * here when the write is done. The list is last-in first-out: under a steady flow the same few, cache-warm buffers go round.
 */

/** Bytes of one buffer: measured best between 64 KiB and 1 MiB (docs/performance.md). */
const BULK_BUFFER_BYTES = 262_144;

/** Buffers kept for reuse. */
const MAX_KEPT = 64;
/** Buffers in use at once: beyond them, bodies flow through the small shared buffer. */
const MAX_IN_USE = 256;

class BulkBuffers {
  readonly #free: Buffer[] = [];
  #inUse = 0;

  /** null if too many are in use. */
  take(): Buffer | null {
    if (this.#inUse >= MAX_IN_USE) return null;
    this.#inUse++;
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(BULK_BUFFER_BYTES);
  }

  release(buffer: Buffer): void {
    this.#inUse--;
    if (this.#free.length < MAX_KEPT) this.#free.push(buffer);
  }

  /** Abandons a buffer that something may still read from: the garbage collector frees it. */
  forget(): void {
    this.#inUse--;
  }

  get inUse(): number {
    return this.#inUse;
  }
}

/** One pool for the process: a buffer in it has no other user. */
export const bulkBuffers = new BulkBuffers();
