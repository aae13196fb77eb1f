/**
 * A steady load, run inside the cluster's network namespace: `node load-client.ts ADDRESS HOST KIND…` with the kinds of
 * `KINDS`. Sends until its standard input ends, then prints a `LoadReport` as one line of JSON.
 */
import { once } from 'node:events';
import { Agent, request, type ClientRequest } from 'node:http';
import { connect as connectH2, type ClientHttp2Session } from 'node:http2';
import { request as requestTls } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import WebSocket from 'ws';
import type { LoadFailure, LoadKind, LoadReport } from './steady-load.ts';

const PAUSE_MS = 15;
const ANSWER_LIMIT_MS = 10_000;
/** The close code of a draining server: going away (RFC 6455 section 7.4.1). */
const GOING_AWAY = 1001;

const [address = '', host = '', ...kinds] = process.argv.slice(2);
const started = performance.now();
const failures: LoadFailure[] = [];
const answered: Record<LoadKind, number> = {
  'keep-alive': 0,
  fresh: 0,
  h2: 0,
  websocket: 0,
  tls: 0,
};
let hasEnded = false;
const isOver = (): boolean => hasEnded;

const fail = (kind: LoadKind, error: unknown): void => {
  const message = error instanceof Error ? error.message : String(error);
  failures.push({ kind, atMs: Math.round(performance.now() - started), message });
};

async function getOnce(sent: ClientRequest): Promise<void> {
  const limit = AbortSignal.timeout(ANSWER_LIMIT_MS);
  sent.end();
  const [response] = (await once(sent, 'response', { signal: limit })) as [
    NodeJS.ReadableStream & { statusCode: number },
  ];
  response.resume();
  await once(response, 'end', { signal: limit });
  if (response.statusCode !== 200) throw new Error(`status ${response.statusCode}`);
}

/** One request after the other, each made by `send`. */
async function inTurn(kind: LoadKind, send: () => ClientRequest): Promise<void> {
  while (!isOver()) {
    await getOnce(send()).then(
      () => {
        answered[kind] += 1;
      },
      (error: unknown) => {
        fail(kind, error);
      },
    );
    await delay(PAUSE_MS);
  }
}

async function overHttp1(kind: 'keep-alive' | 'fresh'): Promise<void> {
  const agent = new Agent({ keepAlive: kind === 'keep-alive', maxSockets: 1 });
  await inTurn(kind, () => request({ host: address, port: 80, path: '/', headers: { host }, agent }));
  agent.destroy();
}

/** Whatever certificate is there is taken: who asks for one looks at it himself. */
const overTls = (): Promise<void> =>
  inTurn('tls', () =>
    requestTls({
      host: address,
      port: 443,
      path: '/',
      servername: host,
      headers: { host },
      agent: false,
      rejectUnauthorized: false,
    }),
  );

async function getOnStream(session: ClientHttp2Session): Promise<void> {
  const stream = session.request({ ':path': '/', ':authority': host });
  const limit = AbortSignal.timeout(ANSWER_LIMIT_MS);
  stream.end();
  const [headers] = (await once(stream, 'response', { signal: limit })) as [{ ':status'?: number }];
  stream.resume();
  await once(stream, 'end', { signal: limit });
  if (headers[':status'] !== 200) throw new Error(`status ${headers[':status'] ?? 0}`);
}

/** HTTP/2 with prior knowledge. After a GOAWAY the next request uses a new session. */
async function overHttp2(): Promise<void> {
  let session: ClientHttp2Session | null = null;
  while (!isOver()) {
    if (session === null) {
      const opened = connectH2(`http://${address}`);
      const forget = (): void => {
        if (session === opened) session = null;
      };
      opened.on('goaway', forget).on('close', forget).on('error', forget);
      session = opened;
    }
    await getOnStream(session).then(
      () => {
        answered.h2 += 1;
      },
      (error: unknown) => {
        fail('h2', error);
      },
    );
    await delay(PAUSE_MS);
  }
  session?.close();
}

/** Sends one message after another; after a close with 1001 it opens a new connection. */
async function overWebSocket(): Promise<void> {
  while (!isOver()) {
    const socket = new WebSocket(`ws://${address}/`, { headers: { host } });
    // Not `once` of node:events: that would reject with the error, which the opening reports already.
    const closed = new Promise<number>((resolve) => {
      socket.once('close', resolve);
    });
    socket.on('error', () => undefined);
    try {
      await once(socket, 'open');
      await echoMessages(socket);
    } catch (error) {
      fail('websocket', error);
    }
    socket.close();
    const code = await closed;
    if (!isOver() && code !== GOING_AWAY) fail('websocket', `closed with ${code}`);
    await delay(PAUSE_MS);
  }
}

const isOpen = (socket: WebSocket): boolean => socket.readyState === WebSocket.OPEN;

async function echoMessages(socket: WebSocket): Promise<void> {
  while (!isOver() && isOpen(socket)) {
    const ended = new AbortController();
    const { signal } = ended;
    const message = once(socket, 'message', { signal }).then(() => true);
    const close = once(socket, 'close', { signal }).then(() => false);
    socket.send('hello');
    if (await Promise.race([message, close])) answered.websocket += 1;
    ended.abort();
    await Promise.allSettled([message, close]);
    await delay(PAUSE_MS);
  }
}

const RUN: Record<LoadKind, () => Promise<void>> = {
  'keep-alive': () => overHttp1('keep-alive'),
  fresh: () => overHttp1('fresh'),
  h2: overHttp2,
  websocket: overWebSocket,
  tls: overTls,
};

process.stdin.resume().once('end', () => {
  hasEnded = true;
});
await Promise.all(kinds.map((kind) => RUN[kind as LoadKind]()));
const report: LoadReport = { answered, failures };
process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit());
