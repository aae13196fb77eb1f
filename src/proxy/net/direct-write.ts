/**
 * Writes to a cleartext socket without the stream machinery around them. A write that the kernel takes at once, as it takes nearly
 * every head and small body, needs no queue, no request object of its own and no callback on the next tick: all that cost a tenth of
 * a small request's user time (docs/performance.md). A write that is not accepted at once is handled like any other.
 *
 * It uses internals of Node: the handle's `writeBuffer` and `writeQueueSize`, and the class of the requests that streams
 * pass to it. It checks for them once; without them, writes use the documented API.
 */
import { Socket, type SocketConstructorOpts } from 'node:net';
import { USES_NODE_INTERNALS } from './node-internals.ts';

/** The request object of a write that the kernel did not take at once. One is reused for all writes that it does. */
interface WriteRequest {
  oncomplete: ((this: WriteRequest, status: number) => void) | null;
  /** Keeps the bytes alive. */
  buffer: Buffer | null;
  socket: DirectSocket | null;
}
type WriteRequestClass = new () => WriteRequest;

interface WriteHandle {
  /** 0, or a negative error. */
  writeBuffer(request: WriteRequest, bytes: Buffer): number;
  /** Bytes that the kernel has not taken; undefined for a handle of another kind. */
  readonly writeQueueSize: number | undefined;
}

/** What a stream hands to the handle it writes to; null where this Node does it in another way. Nothing is opened for this. */
function findRequestClass(): WriteRequestClass | null {
  let found: unknown = null;
  const handle = {
    reading: false,
    readStart: () => 0,
    readStop: () => 0,
    close: () => undefined,
    getAsyncId: () => 0,
    writeBuffer: (request: object) => {
      found = request.constructor;
      return 0;
    },
  };
  try {
    const socket = new Socket({ handle } as unknown as SocketConstructorOpts);
    socket.on('error', () => undefined);
    socket.write(Buffer.from('x'));
    (socket as unknown as { _handle: unknown })._handle = null;
    socket.destroy();
  } catch {
    return null;
  }
  return typeof found === 'function' && found.name === 'WriteWrap' ? (found as WriteRequestClass) : null;
}

const RequestClass = USES_NODE_INTERNALS ? findRequestClass() : null;

let spare: WriteRequest | null = null;

/** A socket that can be written to directly. */
export class DirectSocket extends Socket {
  /** Bytes of direct writes that the kernel has not taken yet: the stream knows nothing of them. */
  waitingBytes = 0;

  /** Writes `bytes` after all that was written before; true when the kernel has taken them and their buffer is free again. */
  writeNow(bytes: Buffer): boolean {
    const handle = (this as unknown as { readonly _handle: Partial<WriteHandle> | null })._handle;
    const isIdle = this.waitingBytes === 0 && this.writableLength === 0 && !this.writableEnded;
    if (RequestClass === null || !isIdle || this.connecting || handle?.writeBuffer === undefined) {
      this.write(bytes);
      return this.waitingBytes === 0 && this.writableLength === 0;
    }
    spare ??= new RequestClass();
    const error = handle.writeBuffer(spare, bytes);
    if (error !== 0) {
      this.#failed(error);
      return false;
    }
    if (handle.writeQueueSize === 0) return true;
    this.#await(spare, bytes);
    spare = null;
    return false;
  }

  #await(request: WriteRequest, bytes: Buffer): void {
    request.socket = this;
    request.buffer = bytes;
    request.oncomplete = onComplete;
    this.waitingBytes += bytes.length;
  }

  /** A direct write that had to wait has ended. */
  completed(bytes: Buffer, status: number): void {
    this.waitingBytes -= bytes.length;
    if (status < 0) this.#failed(status);
    else if (!this.destroyed && !this.writableNeedDrain) this.emit('drain');
  }

  #failed(error: number): void {
    if (!this.destroyed) this.destroy(new Error(`write failed with error ${String(error)}`));
  }
}

function onComplete(this: WriteRequest, status: number): void {
  const { socket, buffer } = this;
  this.socket = null;
  this.buffer = null;
  if (socket !== null && buffer !== null) socket.completed(buffer, status);
}
