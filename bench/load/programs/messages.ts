/** Sends WebSocket messages on many connections, the next one when the last has come back. */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { MessageLoad } from '../own-program.ts';

const load = JSON.parse(process.argv[2] ?? '') as MessageLoad;
const message = Buffer.alloc(load.bytes, 'm');
const endsAt = performance.now() + load.seconds * 1000;

let done = 0;

/** Until time is up. */
async function exchange(): Promise<void> {
  const socket = new WebSocket(`ws://127.0.0.1:${load.port}/`, { perMessageDeflate: false });
  await once(socket, 'open');
  const closed = once(socket, 'close');
  socket.on('message', (answer: Buffer) => {
    if (!answer.equals(message)) throw new Error('another message came back');
    done++;
    if (performance.now() < endsAt) socket.send(message);
    else socket.close();
  });
  socket.send(message);
  await closed;
}

await Promise.all(Array.from({ length: load.connections }, exchange));
console.log(JSON.stringify({ done }));
