/**
 * The buffer that all cleartext sockets read into, and the sockets that do.
 *
 * Node allocates 64 KiB for every read and shrinks it afterwards; with `onread` a socket reads into a shared buffer instead, which
 * saves a sixth of the cost of a small request and all memory of idle connections.
 */
import type { SocketConstructorOpts } from 'node:net';
import { DirectSocket } from './direct-write.ts';
import { tickEventClock } from './event-clock.ts';
import { registerReadBuffer } from './read-words.ts';
import type { SocketTransport } from './socket-transport.ts';

/** Reads are at most this long unless a sink gives a larger buffer. */
const SHARED_READ_BYTES = 65_536;

export const SHARED_READ_BUFFER = Buffer.allocUnsafeSlow(SHARED_READ_BYTES);
registerReadBuffer(SHARED_READ_BUFFER);

/** `handle`: not in Node's types. */
export type HandleOptions = Omit<SocketConstructorOpts, 'handle'> & { readonly handle?: unknown };

/** The transport of the read that was just delivered, for the following request of the next buffer. */
let reading: SocketTransport | null = null;

function bufferOfNextRead(): Uint8Array | undefined {
  if (reading === null) return SHARED_READ_BUFFER;
  const transport = reading;
  reading = null;
  return transport.nextBuffer();
}

/**
 * One for all sockets: Node calls `callback` as a method of the socket, and `buffer` before the first read, in the socket's
 * constructor, and right after each `callback`. Any value other than a buffer means "the same again".
 */
const ONREAD = {
  buffer: bufferOfNextRead,
  callback(this: SharedReadSocket, length: number, buffer: Uint8Array): boolean {
    tickEventClock();
    const { transport } = this;
    if (transport !== null) transport.sink.onBytes(buffer as Buffer, length);
    reading = transport;
    return true;
  },
};

/** A socket that reports events to its transport by overriding `emit`, because four listeners on each socket would cost more. */
export class SharedReadSocket extends DirectSocket {
  transport: SocketTransport | null = null;

  override emit(event: string | symbol, ...args: unknown[]): boolean {
    const { transport } = this;
    if (transport === null || !transport.heard(event, args[0])) return super.emit(event, ...args);
    return this.listenerCount(event) > 0 && super.emit(event, ...args);
  }
}

/** Creates a socket that reads into the requested buffers; another transport may be in the middle of a read. */
export function makeSocket(options: HandleOptions): SharedReadSocket {
  const before = reading;
  reading = null;
  const complete = { ...options, allowHalfOpen: true, onread: ONREAD };
  const socket = new SharedReadSocket(complete as unknown as SocketConstructorOpts);
  reading = before;
  return socket;
}
