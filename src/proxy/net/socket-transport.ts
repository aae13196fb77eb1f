/** Transports over Node's sockets: accepted ones, connected ones, and those of TLS. */
import { Socket, isIPv6, type TcpNetConnectOpts } from 'node:net';
import { canAdoptHandles, takeHandle, type AcceptedHandle } from './accepted-handle.ts';
import { tickEventClock } from './event-clock.ts';
import { latin1 } from './latin1.ts';
import { SHARED_READ_BUFFER, SharedReadSocket, makeSocket } from './shared-read.ts';
import { DISCARDING_SINK, type ByteSink, type Transport, type TransportAddress } from './transport.ts';

/** Up to this size bytes are copied as a string, which is cheaper than a new Buffer (not on TLS sockets). */
const STRING_BYTES = 4_096;

const TRANSPORT = Symbol('transport');

/** A socket that was not made by `makeSocket`. */
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

export class SocketTransport implements Transport {
  sink: ByteSink;
  readonly encrypted: boolean;
  readonly directsReads: boolean;
  readonly #socket: Socket;
  /** The socket, if it reads into the shared buffer and supports direct writes. */
  readonly #shared: SharedReadSocket | null;
  #error: Error | null = null;
  #readBuffer: Buffer = SHARED_READ_BUFFER;

  /** A socket that was not made by `makeSocket` emits `data`. */
  constructor(socket: Socket, sink: ByteSink, encrypted: boolean) {
    this.sink = sink;
    this.encrypted = encrypted;
    this.#socket = socket;
    this.#shared = socket instanceof SharedReadSocket ? socket : null;
    this.directsReads = this.#shared !== null;
    if (this.#shared !== null) this.#shared.transport = this;
    else this.#listen(socket);
  }

  #listen(socket: HeardSocket): void {
    socket[TRANSPORT] = this;
    for (const [event, listener] of LISTENERS) socket.on(event, listener);
  }

  get remoteAddress(): TransportAddress {
    const { remoteAddress, remotePort } = this.#socket;
    return { address: plainAddress(remoteAddress), port: remotePort ?? 0 };
  }
  get localAddress(): TransportAddress {
    const { localAddress, localPort } = this.#socket;
    return { address: plainAddress(localAddress), port: localPort ?? 0 };
  }

  // --- reading ---

  get bytesRead(): number {
    return this.#socket.bytesRead;
  }
  get readEnded(): boolean {
    return this.#socket.readableEnded;
  }
  pause(): void {
    this.#socket.pause();
  }
  resume(): void {
    this.#socket.resume();
  }

  /** Passes an event of the socket to the sink; false for events that the transport does not handle. */
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

  /** Where the next read goes; undefined = where the last one went. */
  nextBuffer(): Uint8Array | undefined {
    const next = this.sink.nextReadBuffer() ?? SHARED_READ_BUFFER;
    if (next === this.#readBuffer) return undefined;
    this.#readBuffer = next;
    return next;
  }

  #closed(): void {
    const { sink } = this;
    this.sink = DISCARDING_SINK;
    sink.onClose(this.#error);
  }

  // --- writing ---

  write(bytes: Buffer): boolean {
    if (this.#shared !== null) return this.#shared.writeNow(bytes);
    this.#socket.write(bytes);
    return this.#socket.writableLength === 0 && !this.encrypted;
  }
  enqueue(bytes: Buffer, onWritten?: (error?: Error | null) => void): void {
    this.#socket.write(bytes, onWritten);
  }
  enqueueCopy(buffer: Buffer, length: number): void {
    if (length <= STRING_BYTES && !this.encrypted) {
      this.#socket.write(latin1(buffer, 0, length), 'latin1');
    } else this.#socket.write(Buffer.from(buffer.subarray(0, length)));
  }
  cork(): void {
    this.#socket.cork();
  }
  uncork(): void {
    this.#socket.uncork();
  }
  get queuedBytes(): number {
    return this.#socket.writableLength + (this.#shared === null ? 0 : this.#shared.waitingBytes);
  }
  get isBlocked(): boolean {
    return (this.#shared !== null && this.#shared.waitingBytes > 0) || this.#socket.writableNeedDrain;
  }

  // --- ending ---

  end(): void {
    this.#socket.end();
  }
  close(): void {
    this.#socket.destroySoon();
  }
  destroy(): void {
    this.#socket.destroy();
  }
  /** Node resets TCP sockets only. A TLS connection that ends without close_notify tells its peer the same. */
  reset(): void {
    if (this.encrypted || this.#socket.destroyed) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }
  get isClosed(): boolean {
    return this.#socket.destroyed;
  }
  onceClosed(listener: () => void): void {
    this.#socket.once('close', listener);
  }
  unref(): void {
    this.#socket.unref();
  }

  /**
   * Passes the socket to OpenSSL, which reads `unread` from it before anything else. Afterwards the transport can be used only for its addresses,
   * `onceClosed` and `destroy`.
   */
  detach(unread: Buffer): Socket {
    this.sink = DISCARDING_SINK;
    const socket = this.#socket;
    socket.removeAllListeners('data');
    socket.pause();
    socket.unshift(unread);
    return socket;
  }
}

/** A transport over a socket that emits `data`: one of TLS, connected or connecting. */
export function transportOver(socket: Socket, sink: ByteSink, encrypted: boolean): SocketTransport {
  return new SocketTransport(socket, sink, encrypted);
}

/** Connects. `onConnected` and the sink's events come later, never within the call. */
export function connectTransport(
  options: TcpNetConnectOpts,
  sink: ByteSink,
  onConnected: () => void,
): SocketTransport {
  const socket = makeSocket({});
  const transport = new SocketTransport(socket, sink, false);
  socket.once('connect', onConnected);
  socket.connect(options);
  return transport;
}

/**
 * A transport over what a server has accepted: a handle, or a Socket of a server with `pauseOnConnect`. Where handles cannot be
 * adopted, it reads by `data` events.
 */
export function transportOfAccepted(accepted: Socket | AcceptedHandle, sink: ByteSink): SocketTransport {
  if (!(accepted instanceof Socket)) return transportOfHandle(accepted, sink);
  if (canAdoptHandles()) return transportOfHandle(takeHandle(accepted), sink);
  accepted.resume();
  return new SocketTransport(accepted, sink, false);
}

function transportOfHandle(handle: unknown, sink: ByteSink): SocketTransport {
  const socket = makeSocket({ handle, readable: true, writable: true });
  const transport = new SocketTransport(socket, sink, false);
  socket.read(0);
  return transport;
}

/** `::ffff:1.2.3.4`, as a dual-stack socket shows IPv4 peers, is the IPv4 address. */
function plainAddress(address: string | undefined): string {
  if (address === undefined) return '';
  return address.startsWith('::ffff:') && !isIPv6(address.slice(7)) ? address.slice(7) : address;
}
