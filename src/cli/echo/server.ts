/**
 * The demo backend: answers with what it received, so that one sees what a gateway made of a request. WebSocket messages come back
 * as they are; `/stream` sends events, `/status/NNN` answers with that status.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';

export interface EchoOptions {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  /** Stands in every answer. */
  readonly name: string;
}

export interface EchoServer {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

/** What the JSON of an answer holds. */
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

export function startEcho({ host, port, name }: EchoOptions): Promise<EchoServer> {
  const server = createServer((request, response) => {
    void echo(name, request, response);
  });
  server.keepAliveTimeout = 120_000;
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => {
      socket.send(data, { binary: isBinary });
    });
    socket.on('error', () => {
      socket.terminate();
    });
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const bound = server.address() as AddressInfo;
      resolve({ host: bound.address, port: bound.port, close: () => close(server, sockets) });
    });
  });
}

function close(server: Server, sockets: WebSocketServer): Promise<void> {
  for (const client of sockets.clients) client.terminate();
  return new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
    server.closeAllConnections();
  });
}

async function echo(name: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const path = request.url ?? '/';
    const { body, bodyBytes } = await readBody(request);
    if (path.startsWith('/stream')) {
      await stream(response, name);
      return;
    }
    const { method = '', headers } = request;
    const answer: EchoAnswer = { name, method, path, host: headers.host ?? '', headers, body, bodyBytes };
    const payload = `${JSON.stringify(answer, null, 2)}\n`;
    response.writeHead(statusOf(path), {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(payload),
      'x-echo-name': name,
    });
    response.end(method === 'HEAD' ? undefined : payload);
  } catch {
    response.destroy();
  }
}

function statusOf(path: string): number {
  const wanted = Number(/\/status\/(\d{3})/.exec(path)?.[1] ?? 200);
  return wanted >= 200 && wanted <= 599 ? wanted : 200;
}

async function readBody(request: IncomingMessage): Promise<{ body: string; bodyBytes: number }> {
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

/** Server-sent events, a few a second. */
async function stream(response: ServerResponse, name: string): Promise<void> {
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
