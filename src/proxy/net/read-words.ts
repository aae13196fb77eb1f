/** Views of read buffers as 32-bit words, for scanning four bytes at a time. */

const views = new WeakMap<Buffer, Int32Array>();
let lastBuffer: Buffer | null = null;
let lastView: Int32Array | null = null;

/** Makes the words of a long-lived, aligned read buffer available to parsers. */
export function registerReadBuffer(buffer: Buffer): void {
  if ((buffer.byteOffset & 3) !== 0) return;
  views.set(buffer, new Int32Array(buffer.buffer, buffer.byteOffset, buffer.length >> 2));
}

/** The registered view of `buffer`, or null. Nearly always the one asked for before. */
export function wordsOf(buffer: Buffer): Int32Array | null {
  if (buffer === lastBuffer) return lastView;
  lastBuffer = buffer;
  lastView = views.get(buffer) ?? null;
  return lastView;
}
