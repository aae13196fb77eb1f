/**
 * The demo backend: responds with the request as JSON, so that users see what a gateway forwards. WebSocket messages are echoed
 * unchanged; `/stream` sends events, `/status/NNN` responds with that status. HTTP/2 with prior knowledge is supported on the same
 * port, and gRPC over it (grpc.ts).
 */
import { createServer as createHttp1, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { createServer as createHttp2, type Http2ServerRequest } from 'node:http2';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { WebSocketServer } from 'ws';
import { answerGrpc, isGrpcCall } from './grpc.ts';

export interface EchoOptions {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  /** Part of every response. */
  readonly name: string;
}

export interface EchoServer {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

/** The JSON of a response. */
export interface EchoAnswer {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly host: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Payload of the request, as text; cut off at 64 KiB. */
  readonly body: string;
  readonly bodyBytes: number;
}

const SHOWN_BODY_BYTES = 65_536;

type EchoRequest = IncomingMessage | Http2ServerRequest;
type EchoResponse = Writable & { writeHead(status: number, headers: OutgoingHttpHeaders): unknown };

export function startEcho({ host, port, name }: EchoOptions): Promise<EchoServer> {
  const accept = connectionListener(name);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
    accept(socket);
  });
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => {
        resolve();
      });
      for (const socket of sockets) socket.destroy();
    });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const bound = server.address() as AddressInfo;
      resolve({ host: bound.address, port: bound.port, close });
    });
  });
}

/** Start of the HTTP/2 connection preface; no HTTP/1.1 request starts like this. */
const PREFACE_START = 'PRI ';

/** Passes a connection to the HTTP/1.1 or HTTP/2 server, depending on its first bytes (RFC 9113 section 3.3). */
function connectionListener(name: string): (socket: Socket) => void {
  const http1 = createHttp1((request, response) => void echo(name, request, response));
  http1.keepAliveTimeout = 120_000;
  serveWebSockets(new WebSocketServer({ server: http1 }));
  const http2 = createHttp2((request, response) => {
    if (isGrpcCall(request)) answerGrpc(name, request, response);
    else void echo(name, request, response);
  });
  http2.on('sessionError', () => undefined);
  return (socket) => {
    let first = Buffer.alloc(0);
    const look = (chunk: Buffer): void => {
      first = Buffer.concat([first, chunk]);
      const start = first.toString('latin1', 0, PREFACE_START.length);
      if (start !== PREFACE_START && PREFACE_START.startsWith(start)) return;
      socket.off('data', look).pause();
      socket.unshift(first);
      (start === PREFACE_START ? http2 : http1).emit('connection', socket);
      // The HTTP/2 server reads buffered bytes itself.
      if (start !== PREFACE_START) socket.resume();
    };
    socket.on('data', look);
  };
}

function serveWebSockets(sockets: WebSocketServer): void {
  sockets.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => {
      socket.send(data, { binary: isBinary });
    });
    socket.on('error', () => {
      socket.terminate();
    });
  });
}

async function echo(name: string, request: EchoRequest, response: EchoResponse): Promise<void> {
  try {
    const path = request.url ?? '/';
    const { body, bodyBytes } = await readBody(request);
    if (path.startsWith('/stream')) {
      await stream(response, name);
      return;
    }
    const { method = '', headers } = request;
    const host = headers.host ?? ('authority' in request ? request.authority : '');
    const answer: EchoAnswer = { name, method, path, host, headers, body, bodyBytes };
    const payload = `${JSON.stringify(answer, null, 2)}\n`;
    response.writeHead(statusOf(path), {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(payload),
      'x-echo-name': name,
    });
    response.end(method === 'HEAD' ? '' : payload);
  } catch {
    response.destroy();
  }
}

function statusOf(path: string): number {
  const wanted = Number(/\/status\/(\d{3})/.exec(path)?.[1] ?? 200);
  return wanted >= 200 && wanted <= 599 ? wanted : 200;
}

async function readBody(request: EchoRequest): Promise<{ body: string; bodyBytes: number }> {
  const kept: Buffer[] = [];
  let bodyBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    if (bodyBytes < SHOWN_BODY_BYTES) kept.push(chunk);
    bodyBytes += chunk.length;
  }
  return { body: Buffer.concat(kept).subarray(0, SHOWN_BODY_BYTES).toString('utf8'), bodyBytes };
}

const EVENTS = 5;
const EVENT_EVERY_MS = 200;

/** Server-sent events, a few per second. */
async function stream(response: EchoResponse, name: string): Promise<void> {
  response.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-echo-name': name,
  });
  for (let event = 1; event <= EVENTS && !response.destroyed; event++) {
    response.write(`data: ${name} ${String(event)}\n\n`);
    await new Promise((resolve) => setTimeout(resolve, EVENT_EVERY_MS));
  }
  response.end();
}
