/** The backend of UDP: sends every datagram back, `node bench/backends/udp.ts PORT`. */
import { createSocket } from 'node:dgram';

const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 22 });
socket.on('message', (datagram, { address, port }) => {
  socket.send(datagram, port, address);
});
socket.bind(Number(process.argv[2]), '127.0.0.1');
