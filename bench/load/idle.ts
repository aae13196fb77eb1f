/** Opens many keep-alive connections, sends one request on each, and holds them open. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { SMALL_GET } from './requests.ts';

const AT_ONCE = 50;

async function openOne(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  // A peer that closes an idle connection shows up in `stillOpen`.
  socket.on('error', () => undefined);
  socket.write(SMALL_GET);
  const [first] = (await once(socket, 'data')) as [Buffer];
  if (!first.toString('latin1').startsWith('HTTP/1.1 200'))
    throw new Error(`answered ${first.toString('latin1')}`);
  return socket;
}

export interface HeldConnections {
  stillOpen(): number;
  close(): Promise<void>;
}

export async function holdConnections(port: number, count: number): Promise<HeldConnections> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const batch = Math.min(AT_ONCE, count - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: batch }, () => openOne(port)))));
  }
  return {
    stillOpen: () => sockets.filter((socket) => !socket.destroyed && !socket.readableEnded).length,
    async close() {
      const open = sockets.filter((socket) => !socket.closed);
      const closed = open.map((socket) => once(socket, 'close'));
      for (const socket of open) socket.destroy();
      await Promise.all(closed);
    },
  };
}
