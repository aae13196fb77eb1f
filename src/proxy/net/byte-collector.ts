/** Collects bytes that arrive in pieces. It grows by doubling, so that bytes are copied twice on average. */
export class ByteCollector {
  #buffer: Buffer = Buffer.alloc(0);
  #length = 0;

  /** Everything so far; valid until the next `append`. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Copies `chunk`. */
  append(chunk: Buffer): void {
    const needed = this.#length + chunk.length;
    if (needed > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(
        this.#length === 0 ? needed : Math.max(needed, 2 * this.#buffer.length),
      );
      this.#buffer.copy(grown, 0, 0, this.#length);
      this.#buffer = grown;
    }
    chunk.copy(this.#buffer, this.#length);
    this.#length = needed;
  }
}
