/** Flow control of a whole connection (RFC 9113 section 5.2), and the streams that wait for its window or for the transport. */
import { DEFAULT_WINDOW_BYTES } from './frame.ts';
import type { FrameWriter } from './frame-writer.ts';
import type { H2Stream } from './stream.ts';

export class ConnectionFlow {
  /** What we may send in all. */
  sendWindow = DEFAULT_WINDOW_BYTES;
  /** What the peer may still send in all. */
  receiveWindow: number;
  readonly #windowBytes: number;
  readonly #writer: FrameWriter;
  /** Consumed bytes that have not been returned to the peer's window yet. */
  #owedBytes = 0;
  #blocked: H2Stream[] = [];

  /** `windowBytes`: maximum number of unconsumed bytes of the peer. */
  constructor(writer: FrameWriter, windowBytes: number) {
    this.#writer = writer;
    this.#windowBytes = windowBytes;
    this.receiveWindow = windowBytes;
  }

  /** Opens the receive window, which no setting covers. */
  open(): void {
    this.#writer.windowUpdate(0, this.#windowBytes - DEFAULT_WINDOW_BYTES);
  }

  /** Received bytes were consumed: the peer may send as many more. */
  consumed(bytes: number): void {
    this.#owedBytes += bytes;
    if (this.#owedBytes < this.#windowBytes / 4) return;
    this.#writer.windowUpdate(0, this.#owedBytes);
    this.receiveWindow += this.#owedBytes;
    this.#owedBytes = 0;
  }

  /** The stream has data, but the connection's window or the transport is full. */
  block(stream: H2Stream): void {
    this.#blocked.push(stream);
  }

  /** There is room again: waiting streams continue. */
  pump(): void {
    if (this.#blocked.length === 0) return;
    const streams = this.#blocked;
    this.#blocked = [];
    for (const stream of streams) {
      stream.isBlocked = false;
      stream.pump();
    }
  }

  /** The connection has ended: no stream waits any more. */
  stop(): void {
    this.#blocked = [];
  }
}
