/** Clients of each protocol, as plain as they come: none tries anything twice but what HTTP/2 says was not looked at. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import net from 'node:net';
import { buffer, text } from 'node:stream/consumers';
import { WebSocket } from 'ws';
import { SCENE_PORTS } from '../support/scene.ts';
import type { Ask, Client } from './load.ts';

export interface Target {
  /** The port that is bound for a listener's. */
  readonly port: (listener: number) => number;
  readonly ca: string;
  /** Hears the fields of every answer over HTTP/1.1. */
  readonly onAnswer: (headers: http.IncomingHttpHeaders) => void;
}

/** A connection of a tunnel carries so many messages; one that ends by itself in time is what a drain waits for. */
const MESSAGES_PER_CONNECTION = 20;
/** How long clients wait for an answer. */
const ANSWER_TIMEOUT_MS = 15_000;

async function askHttp1(target: Target, agent: http.Agent, isTls: boolean): Promise<void> {
  const options = {
    host: '127.0.0.1',
    port: target.port(isTls ? SCENE_PORTS.https : SCENE_PORTS.http),
    path: '/http1',
    headers: { host: 'a.example' },
    agent,
    timeout: ANSWER_TIMEOUT_MS,
  };
  const outgoing = isTls
    ? https.request({ ...options, servername: 'a.example', ca: target.ca })
    : http.request(options);
  outgoing.on('timeout', () => outgoing.destroy(new Error('no response in time')));
  outgoing.end();
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  const body = await text(incoming);
  assert.equal(incoming.statusCode, 200, body);
  assert.equal(body, '/http1');
  target.onAnswer(incoming.headers);
}

const kept = (target: Target): Client => ({
  name: 'HTTP/1.1, kept connections',
  loops: 2,
  connect() {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    return { ask: () => askHttp1(target, agent, false), close: () => agent.destroy() };
  },
});

const fresh = (target: Target, isTls: boolean): Client => ({
  name: isTls ? 'HTTPS, a handshake each' : 'HTTP/1.1, a connection each',
  loops: 1,
  connect: () => ({
    // Without a cache of sessions, every handshake is a whole one.
    ask: () => askHttp1(target, isTls ? new https.Agent({ maxCachedSessions: 0 }) : new http.Agent(), isTls),
    close: () => undefined,
  }),
});

/** RST_STREAM or GOAWAY says that the request was not looked at: RFC 9113 section 8.7 lets every client send it again. */
class Unprocessed extends Error {}

/** Of the path that comes back, and of the one gRPC message. */
const ANSWER_BYTES = 7;
const { NGHTTP2_REFUSED_STREAM } = http2.constants;

class Http2Client {
  readonly #target: Target;
  readonly #isGrpc: boolean;
  #session: http2.ClientHttp2Session | null = null;

  constructor(target: Target, isGrpc: boolean) {
    this.#target = target;
    this.#isGrpc = isGrpc;
  }

  async ask(): Promise<void> {
    try {
      await this.#once();
    } catch (error) {
      if (!(error instanceof Unprocessed)) throw error;
      await this.#once();
    }
  }

  #connect(): http2.ClientHttp2Session {
    const known = this.#session;
    if (known !== null && !known.closed && !known.destroyed) return known;
    const session = http2.connect(`http://127.0.0.1:${String(this.#target.port(SCENE_PORTS.http))}`);
    session.on('error', () => undefined);
    // No new request after it; Node itself goes on with those before.
    session.once('goaway', () => {
      if (this.#session === session) this.#session = null;
    });
    this.#session = session;
    return session;
  }

  async #once(): Promise<void> {
    const session = this.#connect();
    const grpc = { ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' };
    const stream = session.request({
      ':path': this.#isGrpc ? '/test.Echo/Unary' : '/http-2',
      ':authority': this.#isGrpc ? 'grpc.example' : 'a.example',
      ...(this.#isGrpc ? grpc : {}),
    });
    stream.setTimeout(ANSWER_TIMEOUT_MS, () => stream.close());
    let status: string | undefined;
    stream.on(
      'trailers',
      (trailers: http2.IncomingHttpHeaders) => (status = String(trailers['grpc-status'])),
    );
    // A GET has ended with its head.
    if (this.#isGrpc) stream.end(Buffer.from([0, 0, 0, 0, 0]));
    try {
      const answered = once(stream, 'response') as Promise<[http2.IncomingHttpHeaders]>;
      const closed = once(stream, 'close').then(() => {
        throw new Error('closed before the answer');
      });
      closed.catch(() => undefined);
      const [headers] = await Promise.race([answered, closed]);
      const body = await buffer(stream);
      assert.equal(headers[':status'], 200);
      if (this.#isGrpc) assert.equal(status, '0');
      assert.equal(body.length, ANSWER_BYTES, body.toString());
    } catch (error) {
      const isRefused = stream.rstCode === NGHTTP2_REFUSED_STREAM;
      throw isRefused ? new Unprocessed() : error;
    }
  }

  close(): void {
    this.#session?.close();
  }
}

const overHttp2 = (target: Target, isGrpc: boolean): Client => ({
  name: isGrpc ? 'gRPC' : 'HTTP/2',
  loops: 2,
  connect() {
    const client = new Http2Client(target, isGrpc);
    return { ask: () => client.ask(), close: () => client.close() };
  },
});

/** Exchanges on one connection after another: `open` makes one, whose exchanges come from `talk`. */
function inTurns<Connection>(
  open: () => Promise<Connection>,
  talk: (connection: Connection) => Promise<void>,
  end: (connection: Connection) => Promise<void>,
): { readonly ask: Ask; readonly close: () => void } {
  let connection: Connection | null = null;
  let left = 0;
  const ask = async (): Promise<void> => {
    try {
      if (connection === null) {
        connection = await open();
        left = MESSAGES_PER_CONNECTION;
      }
      await talk(connection);
      if (--left > 0) return;
      await end(connection);
      connection = null;
    } catch (error) {
      connection = null;
      throw error;
    }
  };
  return { ask, close: () => (connection === null ? undefined : void end(connection)) };
}

/** The event, or a rejection when the connection ends without it, has ended before, or says nothing for too long. */
function orEnd(emitter: net.Socket | WebSocket, event: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => reject(new Error(`no ${event} in time`)), ANSWER_TIMEOUT_MS);
  const done = (): void => resolve(undefined);
  const over = (): void => reject(new Error(`closed before ${event}`));
  emitter.once(event, done);
  emitter.once('error', reject);
  emitter.once('close', over);
  const isOver = emitter instanceof WebSocket ? emitter.readyState === WebSocket.CLOSED : emitter.destroyed;
  if (isOver) over();
  return promise.finally(() => {
    clearTimeout(timer);
    emitter.off(event, done);
    emitter.off('error', reject);
    emitter.off('close', over);
  });
}

const webSocket = (target: Target): Client => ({
  name: 'WebSocket',
  loops: 2,
  connect: () =>
    inTurns(
      async () => {
        const socket = new WebSocket(`ws://127.0.0.1:${String(target.port(SCENE_PORTS.http))}/ws`, {
          headers: { host: 'a.example' },
        });
        socket.on('error', () => undefined);
        await orEnd(socket, 'open');
        return socket;
      },
      async (socket) => {
        const answer = orEnd(socket, 'message');
        socket.send('message');
        await answer;
      },
      async (socket) => {
        const closed = orEnd(socket, 'close');
        socket.close();
        await closed;
      },
    ),
});

const tcp = (target: Target): Client => ({
  name: 'TCP',
  loops: 2,
  connect: () =>
    inTurns(
      async () => {
        const socket = net.connect({ host: '127.0.0.1', port: target.port(SCENE_PORTS.tcp) });
        socket.on('error', () => undefined);
        await orEnd(socket, 'connect');
        return socket;
      },
      async (socket) => {
        const answer = orEnd(socket, 'data');
        socket.write('bytes');
        await answer;
      },
      async (socket) => {
        const ended = orEnd(socket, 'end');
        socket.end();
        await ended;
        socket.destroy();
      },
    ),
});

export const clientsOf = (target: Target): readonly Client[] => [
  kept(target),
  fresh(target, false),
  fresh(target, true),
  overHttp2(target, false),
  overHttp2(target, true),
  webSocket(target),
  tcp(target),
];
