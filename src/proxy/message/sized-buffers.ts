/**
 * Output buffers in sizes of a power of two, reused last-in first-out. A buffer belongs to its taker until it is released;
 * one that is still in a socket's queue is not released but left to the garbage collector.
 */

const SMALLEST_BITS = 10;
const LARGEST_BITS = 17;
/** Kept per size. */
const MAX_KEPT_BYTES = 1_048_576;

class SizedBuffers {
  readonly #free: Buffer[][] = Array.from({ length: LARGEST_BITS - SMALLEST_BITS + 1 }, () => []);

  /** A buffer of at least `bytes`; its content is arbitrary. */
  take(bytes: number): Buffer {
    const bits = Math.max(SMALLEST_BITS, 32 - Math.clz32(bytes - 1));
    if (bits > LARGEST_BITS) return Buffer.allocUnsafeSlow(bytes);
    return this.#free[bits - SMALLEST_BITS]?.pop() ?? Buffer.allocUnsafeSlow(1 << bits);
  }

  release(buffer: Buffer): void {
    const bits = 31 - Math.clz32(buffer.length);
    const kept = this.#free[bits - SMALLEST_BITS];
    if (kept === undefined || buffer.length !== 1 << bits) return;
    if (kept.length * buffer.length < MAX_KEPT_BYTES) kept.push(buffer);
  }

  /** Nothing is counted here: an unreleased buffer is lost to the pool. */
  forget(): void {
    // Left to the garbage collector.
  }
}

/** One pool for the process. */
export const sizedBuffers = new SizedBuffers();
