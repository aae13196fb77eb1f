/** A transport without a socket: what is written is kept, and reads are calls of the test. */
import { DISCARDING_SINK, type ByteSink, type Transport } from '../../src/proxy/net/transport.ts';

export class FakeTransport implements Transport {
  sink: ByteSink = DISCARDING_SINK;
  readonly directsReads = true;
  readonly encrypted = false;
  readonly remoteAddress = { address: '192.0.2.1', port: 1 };
  readonly localAddress = { address: '192.0.2.2', port: 80 };
  bytesRead = 0;
  readEnded = false;
  isPaused = false;
  /** Set by a test: what is written waits until `drain`. */
  isBlocked = false;
  isClosed = false;
  /** Our direction has ended. */
  isEnded = false;
  /** The connection was reset. */
  wasReset = false;
  readonly #written: Buffer[] = [];
  readonly #closeListeners: (() => void)[] = [];

  // --- what the engine does ---

  pause(): void {
    this.isPaused = true;
  }
  resume(): void {
    this.isPaused = false;
  }
  write(bytes: Buffer): boolean {
    if (!this.isClosed && !this.isEnded) this.#written.push(Buffer.from(bytes));
    return true;
  }
  enqueue(bytes: Buffer, onWritten?: (error?: Error | null) => void): void {
    this.write(bytes);
    if (onWritten !== undefined) queueMicrotask(() => onWritten(null));
  }
  enqueueCopy(buffer: Buffer, length: number): void {
    this.write(buffer.subarray(0, length));
  }
  cork(): void {
    // Nothing waits here.
  }
  uncork(): void {
    // Nothing waits here.
  }
  get queuedBytes(): number {
    return this.isBlocked ? 1 : 0;
  }
  end(): void {
    this.isEnded = true;
  }
  close(): void {
    this.destroy();
  }
  reset(): void {
    this.wasReset = !this.isClosed;
    this.destroy();
  }
  destroy(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    const { sink } = this;
    this.sink = DISCARDING_SINK;
    sink.onClose(null);
    for (const listener of this.#closeListeners) listener();
  }
  onceClosed(listener: () => void): void {
    this.#closeListeners.push(listener);
  }
  unref(): void {
    // Nothing keeps the process alive here.
  }

  // --- what the test does ---

  /** Delivers these bytes as one read, unless the connection is gone. */
  read(bytes: Buffer): void {
    if (this.isClosed) return;
    this.bytesRead += bytes.length;
    this.sink.onBytes(Buffer.from(bytes), bytes.length);
  }

  /** The peer ends its direction. */
  readEnd(): void {
    this.readEnded = true;
    this.sink.onEnd();
  }

  /** Everything that waited has been written. */
  drain(): void {
    this.isBlocked = false;
    this.sink.onDrain();
  }

  /** Writes so far. */
  get writes(): number {
    return this.#written.length;
  }
  /** Everything written so far, as latin1. */
  get written(): string {
    return Buffer.concat(this.#written).toString('latin1');
  }
  /** One of the two directions has ended, or both have. */
  get isOver(): boolean {
    return this.isClosed || this.isEnded;
  }
}
