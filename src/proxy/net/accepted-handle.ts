/**
 * Accepted connections as the handles underneath Node's sockets.
 *
 * `onread` (shared-read.ts) is public for sockets that we connect. For accepted ones it is not: their handle is moved to a new Socket
 * through `_handle` and the `handle` option, which have been there since io.js but are not promised. So that is tested once
 * (`canAdoptHandles`), and without it sockets emit `data` as usual. Taking the handle before a Socket is made of it (`takeHandles`)
 * halves the cost of a connection; it is tested as well.
 */
import { Server, Socket, type SocketConstructorOpts } from 'node:net';
import { tickEventClock } from './event-clock.ts';
import { USES_NODE_INTERNALS } from './node-internals.ts';

/** What Node passes to a listening socket's handle. */
export interface AcceptedHandle {
  setNoDelay(enable: boolean): void;
  close(): void;
}

/** Parts of Node that are not in its types. */
interface HandleOwner {
  _handle: unknown;
}

/** Removes the handle from a Socket, which is closed. */
export function takeHandle(accepted: Socket): unknown {
  const owner = accepted as unknown as HandleOwner;
  const handle = owner._handle;
  owner._handle = null;
  // The emptied Socket must still be closed: its server counts it as a connection.
  accepted.destroy();
  return handle;
}

/** Closes what a server has accepted without serving it. */
export function refuseAccepted(accepted: Socket | AcceptedHandle): void {
  if (accepted instanceof Socket) accepted.destroy();
  else accepted.close();
}

/**
 * Has a listening server give `take` the handles it accepts, instead of making a Socket of each that would be emptied at once.
 * If this Node's server works differently, its `connection` events continue.
 */
export function takeHandles(server: Server, take: (handle: AcceptedHandle) => void): void {
  const listening = (server as unknown as HandleOwner)._handle as { onconnection?: unknown } | null;
  if (!canAdoptHandles() || typeof listening?.onconnection !== 'function') return;
  // A connection that could not be accepted (descriptors, aborted handshakes) comes without a handle: the listener continues.
  listening.onconnection = (status: number, handle?: AcceptedHandle) => {
    if (status !== 0 || handle === undefined) return;
    tickEventClock();
    handle.setNoDelay(true);
    take(handle);
  };
}

let adoptsHandles: boolean | null = null;

/** True when a Socket can be made around a handle in this Node. */
export function canAdoptHandles(): boolean {
  adoptsHandles ??= USES_NODE_INTERNALS && probe();
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
