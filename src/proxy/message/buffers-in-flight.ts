/**
 * Buffers that a socket is writing from. Each is returned to its pool when its write is done: at once if the kernel accepted all of it,
 * else with the write's callback. (Waiting for `drain` instead lost those of which too little was queued for one, and made the
 * garbage collector free a quarter of a megabyte each time.)
 */
import type { Transport } from '../net/transport.ts';

/** Where a buffer came from. */
interface BufferPool {
  release(buffer: Buffer): void;
  /** Abandons a buffer that something may still read from: the garbage collector frees it. */
  forget(): void;
}

interface Loan {
  readonly buffer: Buffer;
  readonly pool: BufferPool;
}

export class BuffersInFlight {
  /** In the order of their writes, which is the order of the callbacks. */
  readonly #loans: Loan[] = [];
  /** Callbacks still to come of writes whose buffers are back already. */
  #released = 0;
  readonly #onWritten = (error?: Error | null): void => {
    if (this.#released > 0) {
      this.#released--;
      return;
    }
    const loan = this.#loans.shift();
    if (loan === undefined) return;
    // A write that failed may have been given up by us before the kernel has let go of its bytes.
    if (error === undefined || error === null) loan.pool.release(loan.buffer);
    else loan.pool.forget();
  };

  /** Writes `bytes`, which are part of `buffer`. `reclaimWritten` follows, after any uncorking. */
  write(transport: Transport, bytes: Buffer, buffer: Buffer, pool: BufferPool): void {
    this.#loans.push({ buffer, pool });
    transport.enqueue(bytes, this.#onWritten);
  }

  /** Releases buffers that have been written. */
  reclaimWritten(transport: Transport): void {
    if (transport.queuedBytes > 0) return;
    for (const { buffer, pool } of this.#loans) pool.release(buffer);
    this.#released += this.#loans.length;
    this.#loans.length = 0;
  }

  /** The socket is closed; it may have unfinished writes. */
  abandon(): void {
    for (const { pool } of this.#loans) pool.forget();
    this.#loans.length = 0;
  }
}
