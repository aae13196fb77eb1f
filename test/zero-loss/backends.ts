/** Backends of the five protocols that answer at once, and can leave as a pod does. */
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import net, { type AddressInfo, type Socket } from 'node:net';
import { WebSocketServer } from 'ws';

export interface LeavingBackend {
  readonly port: number;
  /** Resolves with its first connection. */
  readonly reached: Promise<unknown>;
  /** Takes nothing new, finishes what it has. Resolves when its last connection is gone. */
  leave(): Promise<void>;
}

/** Counts connections so that the last one can be waited for. */
function leaving(server: net.Server, onLeave: () => void): LeavingBackend {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
  });
  return {
    port: (server.address() as AddressInfo).port,
    reached: once(server, 'connection'),
    leave: async () => {
      server.close();
      onLeave();
      await Promise.all([...sockets].map((socket) => once(socket, 'close')));
    },
  };
}

async function listening(server: net.Server): Promise<void> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
}

/** HTTP/1.1: `name` in a field, the path as the body. WebSocket: messages come back. */
export async function startWeb(name: string): Promise<LeavingBackend> {
  const server = http.createServer({ keepAliveTimeout: 0 }, (request, response) => {
    request.resume();
    response.setHeader('backend', name);
    response.end(request.url);
  });
  const tunnels = new WebSocketServer({ server });
  tunnels.on('connection', (socket) => {
    socket.on('error', () => undefined);
    socket.on('message', (message, binary) => {
      socket.send(message as Buffer, { binary });
    });
  });
  await listening(server);
  return leaving(server, () => {
    server.closeIdleConnections();
  });
}

const GRPC_ANSWER = Buffer.from([0, 0, 0, 0, 2, 8, 1]);

/** HTTP/2 in the clear: every call gets one message and status 0. */
export async function startGrpc(): Promise<LeavingBackend> {
  const sessions = new Set<http2.ServerHttp2Session>();
  const server = http2.createServer();
  server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
  });
  server.on('stream', (stream) => {
    stream.on('error', () => undefined);
    stream.resume();
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.once('wantTrailers', () => {
      stream.sendTrailers({ 'grpc-status': '0' });
    });
    stream.end(GRPC_ANSWER);
  });
  await listening(server);
  return leaving(server, () => {
    for (const session of sessions) session.close();
  });
}

/** TCP: bytes come back. */
export async function startTcp(): Promise<LeavingBackend> {
  const server = net.createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket));
  await listening(server);
  return leaving(server, () => undefined);
}
