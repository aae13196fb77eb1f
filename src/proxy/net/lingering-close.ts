/**
 * The end of a connection whose client may still be sending: we end our direction, and read on for a while into nothing. A close with
 * bytes unread would reset the connection, and the last answer might be lost to the client (RFC 9112 section 9.6).
 */
import type { ByteSink, Transport } from './transport.ts';
import { TimerEntry, type TimerWheel } from './timer-wheel.ts';

const MAX_BYTES = 1_048_576;
const LINGER_MS = 2_000;
/** While the rest of an answer is going out, some of it must go within this time. */
const STALLED_MS = 60_000;

/**
 * Closes a connection whose client has said that nothing more will come, and of which nothing is unread: with all that was written
 * in the kernel's hands, that resets nothing. False where something is still to go out; TLS has its own good-bye.
 */
export function closeAtOnce({ socket, encrypted, queuedBytes }: Transport): boolean {
  if (encrypted || queuedBytes > 0) return false;
  socket.destroy();
  return true;
}

export class LingeringClose extends TimerEntry implements ByteSink {
  readonly #transport: Transport;
  readonly #wheel: TimerWheel;
  readonly #before: ByteSink;
  #bytes = 0;
  #queued = Infinity;

  /** Takes over from `before`, which still hears of `onDrain` and `onClose`. */
  constructor(transport: Transport, wheel: TimerWheel, before: ByteSink) {
    super();
    this.#transport = transport;
    this.#wheel = wheel;
    this.#before = before;
    transport.sink = this;
    transport.socket.end();
    transport.socket.resume();
    wheel.schedule(this, wheel.now() + LINGER_MS);
  }

  onBytes(_buffer: Buffer, length: number): void {
    this.#bytes += length;
    if (this.#bytes > MAX_BYTES) this.#transport.socket.destroy();
  }

  onEnd(): void {
    // With both directions ended, the socket closes by itself once all is written.
  }

  onDrain(): void {
    this.#before.onDrain();
  }

  onClose(error: Error | null): void {
    this.#wheel.remove(this);
    this.#before.onClose(error);
  }

  nextReadBuffer(): null {
    return null;
  }

  onTimer(): void {
    const queued = this.#transport.queuedBytes;
    if (queued === 0 || queued >= this.#queued) {
      this.#transport.socket.destroy();
      return;
    }
    this.#queued = queued;
    this.#wheel.schedule(this, this.#wheel.now() + STALLED_MS);
  }
}
