/** An endpoint over HTTP/1.1 that misbehaves as it is told to; its answer to a request is the path. */
import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Mode, WebMode } from './scenarios.ts';

export interface Endpoint {
  readonly port: number;
  /** In force when this resolves. */
  set(mode: Mode): Promise<void>;
}

/** The usual time for an answer. */
const ANSWER_MS = 8;
const SLOW_MS = 100 * ANSWER_MS;
const DRIP_MS = 100;
/** Connections without requests are closed after this, as servers do: right when the next request comes, at times. */
const IDLE_MS = 1_000;
const ERRORS = [500, 502, 503, 504];

export class WebEndpoint implements Endpoint {
  readonly #server: http.Server;
  readonly #host: string;
  readonly #sockets = new Set<Socket>();
  #mode: WebMode = 'well';
  #errors = 0;
  port = 0;

  private constructor(host: string) {
    this.#host = host;
    this.#server = http.createServer({ keepAliveTimeout: IDLE_MS }, (request, response) => {
      request.on('error', () => undefined).resume();
      request.once('end', () => this.#answer(request, response));
    });
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => this.#sockets.delete(socket));
      if (this.#mode === 'half-open') socket.end();
    });
    this.#server.on('clientError', (_error, socket) => socket.destroy());
  }

  static async start(host: string): Promise<WebEndpoint> {
    const endpoint = new WebEndpoint(host);
    await endpoint.#listen();
    return endpoint;
  }

  async #listen(): Promise<void> {
    this.#server.listen(this.port, this.#host);
    await once(this.#server, 'listening');
    this.port = (this.#server.address() as AddressInfo).port;
  }

  async set(mode: Mode): Promise<void> {
    this.#mode = mode as WebMode;
    if (mode === 'refuses' && this.#server.listening) {
      this.#server.close();
      for (const socket of this.#sockets) socket.destroy();
      await once(this.#server, 'close');
    } else if (mode !== 'refuses' && !this.#server.listening) await this.#listen();
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { socket, url: path = '' } = request;
    const say = (text: string): void => void socket.write(text);
    const ok = (body: string, length: number): string =>
      `HTTP/1.1 200 OK\r\ncontent-length: ${String(length)}\r\n\r\n${body}`;
    switch (this.#mode) {
      case 'hangs':
      case 'half-open':
        return;
      case 'slow-head':
        say('HTTP/1.1 200 OK\r\n');
        drip(socket, () => 'x-drip: 1\r\n');
        return;
      case 'reset-before-head':
        socket.resetAndDestroy();
        return;
      case 'close-within-head':
        socket.end('HTTP/1.1 200 OK\r\ncontent-le');
        return;
      case 'no-http':
        say('SSH-2.0-OpenSSH_9.6\r\n\r\n');
        return;
      case 'two-lengths':
        say('HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok');
        return;
      case 'more-than-said':
        say(`${ok(path, path.length)}${ok('evil', 4)}`);
        return;
      case '5xx':
        response.writeHead(ERRORS[this.#errors++ % ERRORS.length] ?? 500).end();
        return;
      case 'reset-after-head':
        socket.write(ok('half', path.length), () => setTimeout(() => socket.resetAndDestroy(), ANSWER_MS));
        return;
      case 'less-than-said':
        socket.end(ok('half', path.length));
        return;
      case 'stalled-body':
        say(ok('half', path.length));
        return;
      case 'slow-body':
        say(ok('', path.length));
        drip(socket, (index) => path[index]);
        return;
      case 'slow':
        setTimeout(() => response.end(path), SLOW_MS);
        return;
      case 'well':
      case 'refuses':
        setTimeout(() => response.end(path), ANSWER_MS);
    }
  }
}

/** Says a piece at a time until there is none, or the connection is gone. */
function drip(socket: Socket, piece: (index: number) => string | undefined): void {
  let index = 0;
  const timer = setInterval(() => {
    const next = socket.destroyed ? undefined : piece(index++);
    if (next === undefined) clearInterval(timer);
    else socket.write(next);
  }, DRIP_MS);
}
