/** The backend of WebSocket: sends every message back, `node bench/backends/websocket.ts PORT`. */
import { WebSocketServer } from 'ws';

const server = new WebSocketServer({
  port: Number(process.argv[2]),
  host: '127.0.0.1',
  perMessageDeflate: false,
});
server.on('connection', (socket) => {
  socket.on('message', (message: Buffer, isBinary) => {
    socket.send(message, { binary: isBinary });
  });
  socket.on('error', () => {
    socket.terminate();
  });
});
