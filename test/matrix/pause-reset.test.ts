/**
 * A paused HTTP/2 exchange × how it ends: nothing stays active, no window is lost (each row runs often enough to exhaust a connection's
 * window if it were), and other streams of the connection are served.
 */
import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import type { Cluster } from '../../src/ir/cluster.ts';
import { DEFAULT_TIMEOUTS } from '../../src/ir/policy.ts';
import { testBackend, testCluster, testConfig, type TestRule } from '../support/gateway-config.ts';
import {
  CODE,
  SETTING,
  TYPE,
  data,
  headers,
  request,
  rstStream,
  windowUpdate,
} from '../support/h2-frames.ts';
import { H2Peer, valueOf } from '../support/h2-peer.ts';
import { auth } from '../support/reply-scenes.ts';
import { ScriptedBackend, type Script } from '../support/scripted-backend.ts';
import { until } from '../support/tcp-peers.ts';
import { TestProxy } from '../support/test-proxy.ts';

const CHUNK = Buffer.alloc(16_384, 'b');
const CHUNKS = 4;
/** Together more than the window of a connection, which is 2 MiB. */
const ROUNDS = 40;
const TIMEOUT_MS = 60;
/** Room for a response of the gateway itself, and for no other. */
const CLIENT_WINDOW = 400;

type Protocol = Cluster['protocol'];
type End = 'the client resets it' | 'the backend resets it' | 'its time is over' | 'the client leaves';

interface Row {
  readonly pause: string;
  readonly protocol: Protocol;
  readonly path: '/response' | '/request' | '/auth' | '/tunnel';
  readonly ends: readonly End[];
}

const ALL: readonly End[] = [
  'the client resets it',
  'the backend resets it',
  'its time is over',
  'the client leaves',
];
const WITHOUT_BACKEND: readonly End[] = ['the client resets it', 'its time is over', 'the client leaves'];

const ROWS: readonly Row[] = [
  { pause: 'a response for a full window', protocol: 'http1', path: '/response', ends: ALL },
  { pause: 'a response for a full window', protocol: 'h2', path: '/response', ends: ALL },
  { pause: 'a body for the window of its backend', protocol: 'h2', path: '/request', ends: ALL },
  { pause: 'a body for an auth server', protocol: 'http1', path: '/auth', ends: WITHOUT_BACKEND },
  { pause: 'a tunnel that is not open yet', protocol: 'http1', path: '/tunnel', ends: ALL },
];

/** The backend's side of paused exchanges. */
class Held {
  #next = Promise.withResolvers<() => void>();

  /** Resolves with what resets the exchange, when the backend has one. */
  get reset(): Promise<() => void> {
    return this.#next.promise;
  }

  hold(reset: () => void): void {
    this.#next.resolve(reset);
  }

  again(): void {
    this.#next = Promise.withResolvers();
  }
}

const http1Backend =
  (held: Held): Script =>
  async (connection) => {
    for (;;) {
      const head = await connection.readThrough('\r\n\r\n');
      if (head.startsWith('GET /ok ')) {
        connection.send('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
        continue;
      }
      if (head.includes(' /response ')) {
        connection.send(
          `HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n${CHUNK.toString().repeat(CHUNKS)}`,
        );
      }
      held.hold(() => connection.destroy());
    }
  };

const http2Backend =
  (held: Held): Script =>
  async (connection) => {
    const peer = await H2Peer.accept(connection, [SETTING.initialWindowSize, 4]);
    for (;;) {
      const { streamId, fields } = await peer.next(({ type }) => type === TYPE.headers);
      const path = valueOf(fields, ':path');
      if (path === '/request') {
        held.hold(() => peer.send(rstStream(streamId, CODE.internalError)));
        continue;
      }
      peer.send(headers(streamId, [[':status', '200']], false));
      if (path === '/ok') peer.send(data(streamId, 'ok', true));
      else {
        for (let sent = 0; sent < CHUNKS - 1; sent++) peer.send(data(streamId, CHUNK));
        held.hold(() => peer.send(rstStream(streamId, CODE.internalError)));
      }
    }
  };

async function start(t: TestContext, protocol: Protocol, end: End) {
  const held = new Held();
  const backend = await ScriptedBackend.start(protocol === 'h2' ? http2Backend(held) : http1Backend(held));
  const silent = await ScriptedBackend.start(async (connection) => {
    await connection.readThrough('\r\n\r\n');
    held.hold(() => undefined);
    await connection.waitForClose();
  });
  const timeouts = { ...DEFAULT_TIMEOUTS, requestMs: end === 'its time is over' ? TIMEOUT_MS : 0 };
  const rule: TestRule = { backends: [testBackend('a')], timeouts };
  const proxy = await TestProxy.start(
    testConfig({
      rules: [
        { pathPrefix: '/auth', ...rule, filters: [auth('http')] },
        { pathPrefix: '/ok', backends: [testBackend('a')] },
        rule,
      ],
      clusters: [testCluster('a', { protocol }), testCluster('auth')],
      endpoints: { a: [backend.port], auth: [silent.port] },
    }),
  );
  t.after(async () => {
    await proxy.stop();
    await backend.stop();
    await silent.stop();
  });
  return { proxy, held };
}

function begin(peer: H2Peer, id: number, path: Row['path']): void {
  if (path === '/response') {
    peer.send(headers(id, request({ ':path': path }), true));
    return;
  }
  const tunnel = { ':method': 'CONNECT', ':protocol': 'websocket', ':path': path };
  const fields = path === '/tunnel' ? tunnel : { ':method': 'POST', ':path': path };
  const chunks = Array.from({ length: CHUNKS }, () => data(id, CHUNK));
  peer.send(headers(id, request(fields), false), ...chunks);
}

suite('a paused exchange', () => {
  for (const { pause, protocol, path, ends } of ROWS)
    for (const end of ends) {
      test(`${pause} (backend ${protocol}): ${end}`, async (t) => {
        const { proxy, held } = await start(t, protocol, end);
        const connect = (): Promise<H2Peer> =>
          H2Peer.connect(proxy.port, [SETTING.initialWindowSize, CLIENT_WINDOW]);
        let peer = await connect();
        t.after(() => peer.raw.destroy());
        const isLeaving = end === 'the client leaves';
        let id = 1;
        for (let round = 0; round < (isLeaving ? 3 : ROUNDS); round++, id += 2) {
          begin(peer, id, path);
          const reset = await held.reset;
          // What the proxy had to do with the first bytes is done.
          await peer.exchangePings();
          if (end === 'the client resets it') peer.send(rstStream(id, CODE.cancel));
          else if (end === 'the backend resets it') reset();
          else if (isLeaving) peer.raw.destroy();
          // Nothing is read from a backend that is paused, so its reset is seen when the client reads on.
          if (path === '/response' && end === 'the backend resets it') {
            peer.send(windowUpdate(0, 100_000), windowUpdate(id, 100_000));
          }
          if (end === 'the backend resets it' || end === 'its time is over') {
            const { reset: code, blocks } = await peer.message(id);
            const status = Number(valueOf(blocks[0], ':status'));
            assert.ok(code !== null || status >= 500, 'it must not look whole');
          }
          await until(() => proxy.proxy.stats().downstream.activeRequests === 0);
          held.again();
          if (!isLeaving) continue;
          peer = await connect();
          id = -1;
        }
        peer.send(headers(id, request({ ':path': '/ok' }), true));
        const answer = await peer.message(id);
        assert.deepEqual([valueOf(answer.blocks[0], ':status'), answer.body], ['200', 'ok']);
        assert.ok(proxy.proxy.stats().clusters.every(({ activeRequests }) => activeRequests === 0));
      });
    }
});
