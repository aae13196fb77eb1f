/**
 * Closes a connection whose client may still be sending: ends the gateway's direction, then reads and discards for a while. A close with
 * unread bytes would reset the connection, and the client might lose the last response (RFC 9112 section 9.6).
 */
import type { ByteSink, Transport } from './transport.ts';
import { TimerEntry, type TimerWheel } from './timer-wheel.ts';

const MAX_BYTES = 1_048_576;
const LINGER_MS = 2_000;
/** While the rest of a response is being sent, some of it must be sent within this time. */
const STALLED_MS = 60_000;

/**
 * Closes a connection whose client has announced the end, and that has no unread bytes: if everything written is
 * in the kernel, this does not reset it. False if bytes are still queued; TLS has its own close_notify.
 */
export function closeAtOnce(transport: Transport): boolean {
  if (transport.encrypted || transport.queuedBytes > 0) return false;
  transport.destroy();
  return true;
}

/** Ends the gateway's direction and closes after the client, or after a while. `before` still gets `onDrain` and `onClose`. */
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
