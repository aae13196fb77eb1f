/**
 * Transports over Node's sockets, and the buffer that all cleartext sockets read into.
 *
 * Node allocates 64 KiB for every read and shrinks it afterwards; with `onread` a socket reads into a buffer of ours instead, which
 * saves a sixth of the cost of a small request and all memory of idle connections. `onread` is public for sockets we connect. For
 * accepted ones it is not: their handle is moved to a new Socket through `_handle` and the `handle` option, which have been there
 * since io.js but are not promised. So that is tried out once (`canAdoptHandles`), and without it sockets emit `data` as usual.
 * Taking the handle before a Socket is made of it (`takeHandles`) halves the cost of a connection; it is tried out as well.
 */
import { Server, Socket, type SocketConstructorOpts } from 'node:net';
import { tickEventClock } from './event-clock.ts';
import { registerReadBuffer } from './read-words.ts';
import { DirectSocket } from './direct-write.ts';
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

/** What Node hands to a listening socket's handle. */
export interface AcceptedHandle {
  setNoDelay(enable: boolean): void;
  close(): void;
}

/** Parts of Node that are not in its types. */
interface HandleOwner {
  _handle: unknown;
}
type HandleOptions = Omit<SocketConstructorOpts, 'handle'> & { readonly handle?: unknown };

/** The transport whose read has just been handed over, for the question about the next buffer that follows it. */
let reading: SocketTransport | null = null;

/**
 * One for all sockets: Node calls `callback` as a method of the socket, and `buffer` before the first read, in the socket's
 * constructor, and right after each `callback`. It takes anything but a buffer as "the same again".
 */
const ONREAD = {
  buffer: (): Uint8Array | undefined => (reading === null ? sharedBuffer : reading.nextBuffer()),
  callback(this: OwnedSocket, length: number, buffer: Uint8Array): boolean {
    tickEventClock();
    const { transport } = this;
    if (transport !== null) transport.sink.onBytes(buffer as Buffer, length);
    reading = transport;
    return true;
  },
};

/** A socket that tells its transport what happens: by overriding `emit`, for four listeners on each socket would cost more. */
class OwnedSocket extends DirectSocket {
  transport: SocketTransport | null = null;

  override emit(event: string | symbol, ...args: unknown[]): boolean {
    const { transport } = this;
    if (transport === null || !transport.heard(event, args[0])) return super.emit(event, ...args);
    return this.listenerCount(event) > 0 && super.emit(event, ...args);
  }
}

/** Makes a socket that reads where it is told; another transport may be in the middle of its read meanwhile. */
function makeSocket(options: HandleOptions): OwnedSocket {
  const before = reading;
  reading = null;
  const complete = { ...options, allowHalfOpen: true, onread: ONREAD };
  const socket = new OwnedSocket(complete as unknown as SocketConstructorOpts);
  reading = before;
  return socket;
}

const TRANSPORT = Symbol('transport');

/** A socket of somebody else's making. */
interface HeardSocket extends Socket {
  [TRANSPORT]?: SocketTransport;
}

/** Shared by all such sockets: no closures per connection. */
const LISTENERS = ['end', 'drain', 'error', 'close', 'data'].map(
  (event) =>
    [
      event,
      function (this: HeardSocket, argument?: unknown): void {
        this[TRANSPORT]?.heard(event, argument);
      },
    ] as const,
);

class SocketTransport implements Transport {
  sink: ByteSink;
  readonly socket: Socket;
  readonly directsReads: boolean;
  readonly encrypted: boolean;
  readonly #owned: OwnedSocket | null;
  #error: Error | null = null;
  #current: Buffer = sharedBuffer;

  /** `directsReads`: of a socket made by `makeSocket`; any other emits `data`. */
  constructor(socket: Socket, sink: ByteSink, encrypted: boolean) {
    this.sink = sink;
    this.encrypted = encrypted;
    this.#owned = socket instanceof OwnedSocket ? socket : null;
    this.directsReads = this.#owned !== null;
    this.socket = socket;
    if (this.#owned !== null) this.#owned.transport = this;
    else this.#listen(socket);
  }

  write(bytes: Buffer): boolean {
    if (this.#owned !== null) return this.#owned.writeNow(bytes);
    this.socket.write(bytes);
    return this.socket.writableLength === 0 && !this.encrypted;
  }
  get queuedBytes(): number {
    return this.socket.writableLength + (this.#owned === null ? 0 : this.#owned.waitingBytes);
  }
  get isBlocked(): boolean {
    return (this.#owned !== null && this.#owned.waitingBytes > 0) || this.socket.writableNeedDrain;
  }

  #listen(socket: HeardSocket): void {
    socket[TRANSPORT] = this;
    for (const [event, listener] of LISTENERS) socket.on(event, listener);
  }

  /** Passes an event of the socket on to the sink; false for one that is not the transport's. */
  heard(event: string | symbol, argument: unknown): boolean {
    switch (event) {
      case 'data':
        tickEventClock();
        this.sink.onBytes(argument as Buffer, (argument as Buffer).length);
        return true;
      case 'end':
        tickEventClock();
        this.sink.onEnd();
        return true;
      case 'drain':
        tickEventClock();
        this.sink.onDrain();
        return true;
      case 'error':
        this.#error = argument as Error;
        return true;
      case 'close':
        tickEventClock();
        this.#closed();
        return true;
      default:
        return false;
    }
  }

  nextBuffer(): Uint8Array | undefined {
    reading = null;
    const next = this.sink.nextReadBuffer() ?? sharedBuffer;
    if (next === this.#current) return undefined;
    this.#current = next;
    return next;
  }

  #closed(): void {
    const { sink } = this;
    this.sink = DISCARDING_SINK;
    sink.onClose(this.#error);
  }
}

/** A transport over a connected socket that emits `data`: one of TLS. */
export function transportOver(socket: Socket, sink: ByteSink, encrypted: boolean): Transport {
  return new SocketTransport(socket, sink, encrypted);
}

/** A socket that is not connected yet and reads into the shared buffer: call `transport.socket.connect`. */
export function transportToConnect(sink: ByteSink): Transport {
  return new SocketTransport(makeSocket({}), sink, false);
}

/**
 * A transport over what a server has accepted: a handle, or a Socket of a server with `pauseOnConnect`. Where handles cannot be
 * adopted, it reads by `data` events.
 */
export function transportOfAccepted(accepted: Socket | AcceptedHandle, sink: ByteSink): Transport {
  if (!(accepted instanceof Socket)) return transportOfHandle(accepted, sink);
  if (!canAdoptHandles()) {
    accepted.resume();
    return new SocketTransport(accepted, sink, false);
  }
  const owner = accepted as unknown as HandleOwner;
  const handle = owner._handle;
  owner._handle = null;
  // The emptied Socket must still be closed: its server counts it as a connection.
  accepted.destroy();
  return transportOfHandle(handle, sink);
}

function transportOfHandle(handle: unknown, sink: ByteSink): Transport {
  const transport = new SocketTransport(makeSocket({ handle, readable: true, writable: true }), sink, false);
  transport.socket.read(0);
  return transport;
}

/** Closes what a server has accepted without serving it. */
export function refuseAccepted(accepted: Socket | AcceptedHandle): void {
  if (accepted instanceof Socket) accepted.destroy();
  else accepted.close();
}

/**
 * Has a listening server give `take` the handles it accepts, instead of making a Socket of each that would be emptied at once.
 * Where this Node's server works in another way, its `connection` events go on.
 */
export function takeHandles(server: Server, take: (handle: AcceptedHandle) => void): void {
  const listening = (server as unknown as HandleOwner)._handle as { onconnection?: unknown } | null;
  if (!canAdoptHandles() || typeof listening?.onconnection !== 'function') return;
  // A connection that could not be accepted (descriptors, aborted handshakes) comes without a handle: the listener goes on.
  listening.onconnection = (status: number, handle?: AcceptedHandle) => {
    if (status !== 0 || handle === undefined) return;
    tickEventClock();
    handle.setNoDelay(true);
    take(handle);
  };
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
