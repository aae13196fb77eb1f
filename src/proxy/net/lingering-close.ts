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
export function closeAtOnce(transport: Transport): boolean {
  if (transport.encrypted || transport.queuedBytes > 0) return false;
  transport.destroy();
  return true;
}

/** Ends our direction and closes after the client, or after a while. `before` keeps getting `onDrain` and `onClose`. */
export function lingerAndClose(transport: Transport, wheel: TimerWheel, before: ByteSink): void {
  const closing = new LingeringClose(transport, wheel, before);
  wheel.schedule(closing, wheel.now() + LINGER_MS);
  transport.sink = closing;
  transport.end();
  transport.resume();
}

class LingeringClose extends TimerEntry implements ByteSink {
  readonly #transport: Transport;
  readonly #wheel: TimerWheel;
  readonly #before: ByteSink;
  #bytes = 0;
  #queued = Infinity;

  constructor(transport: Transport, wheel: TimerWheel, before: ByteSink) {
    super();
    this.#transport = transport;
    this.#wheel = wheel;
    this.#before = before;
  }

  onBytes(_buffer: Buffer, length: number): void {
    this.#bytes += length;
    if (this.#bytes > MAX_BYTES) this.#transport.destroy();
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
      this.#transport.destroy();
      return;
    }
    this.#queued = queued;
    this.#wheel.schedule(this, this.#wheel.now() + STALLED_MS);
  }
}
