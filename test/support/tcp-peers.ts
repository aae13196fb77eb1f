/** TCP clients and backends for tests. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net, { type AddressInfo, type Socket } from 'node:net';

export interface TcpBackend {
  readonly port: number;
  readonly sockets: Socket[];
  close(): void;
}

/** Both directions may end on their own. */
export async function startTcpBackend(onConnection: (socket: Socket) => void): Promise<TcpBackend> {
  const sockets: Socket[] = [];
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    sockets,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

export const echo = (socket: Socket): void => void socket.pipe(socket);

/** A port without a listener. */
export async function closedPort(): Promise<number> {
  const server = net.createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** A half-open client; the caller handles its errors. */
export function dial(port: number): Socket {
  const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  socket.on('error', () => undefined);
  return socket;
}

/** Everything until the end; null after a reset. */
export async function readAll(socket: Socket): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  const { promise, resolve } = Promise.withResolvers<Buffer | null>();
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('end', () => resolve(Buffer.concat(chunks)));
  socket.on('error', () => resolve(null));
  socket.on('close', () => resolve(Buffer.concat(chunks)));
  return promise;
}

/** Waits, turn by turn, for something that will come. */
export async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setImmediate(resolve));
}

/** The only or first member. */
export function only<T>(list: readonly T[]): T {
  const [first] = list;
  assert.ok(first !== undefined);
  return first;
}
