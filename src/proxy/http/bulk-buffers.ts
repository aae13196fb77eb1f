/**
 * Large buffers for large bodies. A socket reads into one, the other socket writes from it uncopied, and it comes back
 * here when the write is done. The list is last-in first-out: under a steady flow the same few, cache-warm buffers go round.
 */

/** Bytes of one buffer: measured best between 64 KiB and 1 MiB (docs/performance.md). */
export const BULK_BUFFER_BYTES = 262_144;

/** Buffers kept for reuse; more than this many in flight at once are left to the garbage collector. */
const MAX_KEPT = 64;

export class BulkBuffers {
  readonly #free: Buffer[] = [];

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(BULK_BUFFER_BYTES);
  }

  release(buffer: Buffer): void {
    if (buffer.length === BULK_BUFFER_BYTES && this.#free.length < MAX_KEPT) this.#free.push(buffer);
  }

  get kept(): number {
    return this.#free.length;
  }
}

/** One pool for the process: a buffer belongs to nobody while it is here. */
export const bulkBuffers = new BulkBuffers();
