/** Sends datagrams in many flows, the next one of a flow when one has come back; a lost one is an error. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { DatagramLoad } from '../own-program.ts';

const load = JSON.parse(process.argv[2] ?? '') as DatagramLoad;
const datagram = Buffer.alloc(load.bytes, 'd');
const endsAt = performance.now() + load.seconds * 1000;

let done = 0;
let outstanding = 0;

function send(socket: Socket): void {
  outstanding++;
  socket.send(datagram);
}

async function openFlow(): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
  socket.connect(load.port, '127.0.0.1');
  await once(socket, 'connect');
  socket.on('message', (answer) => {
    if (answer.length !== load.bytes) throw new Error(`a datagram of ${answer.length} bytes came back`);
    done++;
    outstanding--;
    if (performance.now() < endsAt) send(socket);
  });
  return socket;
}

const flows = await Promise.all(Array.from({ length: load.flows }, openFlow));
for (const flow of flows) for (let count = 0; count < load.outstanding; count++) send(flow);
// Datagrams in flight at the end have one second to return.
setTimeout(
  () => {
    for (const flow of flows) flow.close();
    if (outstanding > 0) throw new Error(`${outstanding} datagrams did not come back`);
    console.log(JSON.stringify({ done }));
  },
  load.seconds * 1000 + 1000,
);
