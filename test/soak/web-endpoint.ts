/** An endpoint over HTTP/1.1 that misbehaves as it is told to; its answer to a request is the path. */
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { ANSWER_MS, Endpoint } from './endpoint.ts';
import type { WebMode } from './scenarios.ts';

const SLOW_MS = 100 * ANSWER_MS;
const DRIP_MS = 100;
/** Connections without requests are closed after this, as servers do: right when the next request comes, at times. */
const IDLE_MS = 1_000;
const ERRORS = [500, 502, 503, 504];

export class WebEndpoint extends Endpoint {
  #errors = 0;

  private constructor(host: string) {
    const server = http.createServer({ keepAliveTimeout: IDLE_MS }, (request, response) => {
      request.on('error', () => undefined).resume();
      request.once('end', () => this.#answer(request, response));
    });
    super(host, server, 'connection');
    server.on('connection', (socket: Socket) => {
      if (this.mode === 'half-open') socket.end();
    });
    server.on('clientError', (_error, socket) => socket.destroy());
  }

  static start(host: string): Promise<WebEndpoint> {
    return new WebEndpoint(host).listen();
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { socket, url: path = '' } = request;
    const say = (text: string): void => void socket.write(text);
    const ok = (body: string, length: number): string =>
      `HTTP/1.1 200 OK\r\ncontent-length: ${String(length)}\r\n\r\n${body}`;
    switch (this.mode as WebMode) {
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
