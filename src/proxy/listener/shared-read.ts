/**
 * Transports over Node's sockets, and the buffer that all cleartext sockets read into.
 *
 * Node allocates 64 KiB for every read and shrinks it afterwards; with `onread` a socket reads into a buffer of ours instead, which
 * saves a sixth of the cost of a small request and all memory of idle connections. `onread` is public for sockets we connect. For
 * accepted ones it is not: their handle is moved to a new Socket through `_handle` and the `handle` option, which have been there
 * since io.js but are not promised. So that is tried out once (`canAdoptHandles`), and without it sockets emit `data` as usual.
 */
import { Server, Socket, type SocketConstructorOpts } from 'node:net';
import { tickEventClock } from '../event-clock.ts';
import { registerReadBuffer } from '../http/h1/read-words.ts';
import type { ByteSink, Transport } from './transport.ts';

/** Reads are at most this long unless a sink gives a larger buffer. */
const SHARED_READ_BYTES = 65_536;

const sharedBuffer = Buffer.allocUnsafeSlow(SHARED_READ_BYTES);
registerReadBuffer(sharedBuffer);

/** Takes no bytes: the sink of a transport that nobody has claimed yet, and of one that is done. */
export const DISCARDING_SINK: ByteSink = {
  onBytes: () => undefined,
  onEnd: () => undefined,
  onDrain: () => undefined,
  onClose: () => undefined,
  nextReadBuffer: () => null,
};

const TRANSPORT = Symbol('transport');

interface OwnedSocket extends Socket {
  [TRANSPORT]?: SocketTransport;
}

/** Parts of Node that are not in its types. */
interface HandleOwner {
  _handle: unknown;
}
type HandleOptions = Omit<SocketConstructorOpts, 'handle'> & { readonly handle?: unknown };

/** Listeners shared by all sockets: no closures per connection. */
function onEnd(this: OwnedSocket): void {
  tickEventClock();
  this[TRANSPORT]?.sink.onEnd();
}
function onDrain(this: OwnedSocket): void {
  tickEventClock();
  this[TRANSPORT]?.sink.onDrain();
}
function onError(this: OwnedSocket, error: Error): void {
  this[TRANSPORT]?.failed(error);
}
function onClose(this: OwnedSocket): void {
  tickEventClock();
  this[TRANSPORT]?.closed();
}
function onData(this: OwnedSocket, chunk: Buffer): void {
  tickEventClock();
  this[TRANSPORT]?.sink.onBytes(chunk, chunk.length);
}

class SocketTransport implements Transport {
  sink: ByteSink;
  readonly socket: Socket;
  readonly directsReads: boolean;
  readonly encrypted: boolean;
  #error: Error | null = null;
  #current: Buffer = sharedBuffer;

  /** `options`: of a socket that reads where it is told; otherwise a socket that emits `data`. */
  constructor(source: HandleOptions | Socket, sink: ByteSink, encrypted = false) {
    this.sink = sink;
    this.encrypted = encrypted;
    this.directsReads = !(source instanceof Socket);
    this.socket = source instanceof Socket ? source : this.#makeSocket(source);
    const socket = this.socket as OwnedSocket;
    socket[TRANSPORT] = this;
    socket.on('end', onEnd);
    socket.on('drain', onDrain);
    socket.on('error', onError);
    socket.on('close', onClose);
    if (!this.directsReads) socket.on('data', onData);
  }

  #makeSocket(options: HandleOptions): Socket {
    const complete = {
      ...options,
      allowHalfOpen: true,
      onread: {
        // Asked before the first read and after each one. Node takes anything but a buffer as "the same again".
        buffer: (() => this.#nextBuffer()) as () => Uint8Array,
        callback: (length: number, buffer: Uint8Array) => {
          tickEventClock();
          this.sink.onBytes(buffer as Buffer, length);
          return true;
        },
      },
    };
    return new Socket(complete as SocketConstructorOpts);
  }

  #isFirst = true;
  #nextBuffer(): Uint8Array | undefined {
    if (this.#isFirst) {
      this.#isFirst = false;
      return this.#current;
    }
    const next = this.sink.nextReadBuffer() ?? sharedBuffer;
    if (next === this.#current) return undefined;
    this.#current = next;
    return next;
  }

  failed(error: Error): void {
    this.#error = error;
  }

  closed(): void {
    const { sink } = this;
    this.sink = DISCARDING_SINK;
    sink.onClose(this.#error);
  }
}

/** A transport over a connected socket that emits `data` (TLS sockets, and the fallback). */
export function transportOver(socket: Socket, sink: ByteSink, encrypted: boolean): Transport {
  return new SocketTransport(socket, sink, encrypted);
}

/** A socket that is not connected yet and reads into the shared buffer: call `transport.socket.connect`. */
export function transportToConnect(sink: ByteSink): Transport {
  return new SocketTransport({}, sink);
}

/**
 * A transport over a socket accepted by a server with `pauseOnConnect`. Where handles cannot be adopted, it reads by `data` events.
 */
export function transportOfAccepted(accepted: Socket, sink: ByteSink): Transport {
  if (!canAdoptHandles()) {
    accepted.resume();
    return new SocketTransport(accepted, sink);
  }
  const owner = accepted as unknown as HandleOwner;
  const handle = owner._handle;
  owner._handle = null;
  // The emptied Socket must still be closed: its server counts it as a connection.
  accepted.destroy();
  const transport = new SocketTransport({ handle, readable: true, writable: true }, sink);
  transport.socket.read(0);
  return transport;
}

let adoptsHandles: boolean | null = null;

/** True when this Node has what `transportOfAccepted` touches. */
function canAdoptHandles(): boolean {
  adoptsHandles ??= probe();
  return adoptsHandles;
}

/** A Socket made around a handle must use it; nothing is opened for this. */
function probe(): boolean {
  const handle = { reading: false, readStart: () => 0, readStop: () => 0, close: () => undefined };
  try {
    const socket = new Socket({ handle } as unknown as SocketConstructorOpts);
    const isTaken = (socket as unknown as HandleOwner)._handle === handle;
    (socket as unknown as HandleOwner)._handle = null;
    socket.destroy();
    return isTaken && typeof Server === 'function';
  } catch {
    return false;
  }
}
