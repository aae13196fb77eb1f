/** The body of the request that is being read: its framing, its size so far, and how much of it came in the current time window. */
import { BROKEN } from './chunked.ts';
import { BodyFraming, BodyReader } from './body-reader.ts';

export class IncomingBody extends BodyReader {
  bytes = 0;
  #windowBytes = 0;

  override begin(framing: BodyFraming, contentLength: number): void {
    super.begin(framing, contentLength);
    this.restartCount();
  }

  /** Starts counting: earlier bytes were read in time, or belong to another body. */
  restartCount(): void {
    this.bytes = 0;
    this.#windowBytes = 0;
  }

  override read(buffer: Buffer, from: number, to: number): number {
    const position = super.read(buffer, from, to);
    if (position === BROKEN) return position;
    const bytes = this.payloadTo - this.payloadFrom;
    this.bytes += bytes;
    this.#windowBytes += bytes;
    return position;
  }

  /** The gateway delayed the client during this window, so the window does not count. */
  excuseWindow(): void {
    this.#windowBytes = Infinity;
  }

  /** Ends a window; true when at least `minBytes` came in it. */
  endWindow(minBytes: number): boolean {
    const isFastEnough = this.#windowBytes >= minBytes;
    this.#windowBytes = 0;
    return isFastEnough;
  }

  /** At most `bytes` of a body of known length are still to come. */
  isRestWithin(bytes: number): boolean {
    return this.framing === BodyFraming.length && this.remaining <= bytes;
  }
}
