/** Every time limit on clients, for the first request of a connection and for a later one, over both versions of HTTP. */
import { suite, test, type TestContext } from 'node:test';
import assert from 'node:assert/strict';
import { DEFAULT_CLUSTER_POLICY, DEFAULT_TIMEOUTS } from '../../ir/policy.ts';
import { clusterId } from '../../ir/ids.ts';
import type { ExternalAuthFilter } from '../../ir/filter.ts';
import type { ClientLimits } from '../../ir/client-limits.ts';
import { testBackend, testCluster, testConfig, type TestRule } from '../../../test/support/gateway-config.ts';
import { data, frame, FLAG, headers, request, TYPE } from '../../../test/support/h2-frames.ts';
import { H2Peer, valueOf } from '../../../test/support/h2-peer.ts';
import { encodePlainly } from '../../../test/support/reference-hpack.ts';
import { RawClient } from '../../../test/support/raw-client.ts';
import { ScriptedBackend, type Script } from '../../../test/support/scripted-backend.ts';
import { TestProxy } from '../../../test/support/test-proxy.ts';

const DRIP_MS = 20;

/** What a client sees: a status, or how the connection ends. */
type Seen = number | 'closed' | 'enhanceYourCalm';

/** A client of one version of HTTP. Each `ask…` sends one request and resolves with what comes of it. */
interface TimedClient {
  ask(path: string): Promise<Seen>;
  /** Sends a head in pieces, steadily and without end. */
  dripHead(): Promise<Seen>;
  /** Announces a body of 1,000 bytes and sends it one byte at a time. */
  dripBody(): Promise<Seen>;
  /** Sends nothing more. */
  idle(): Promise<Seen>;
  /** Sends one request, and closes its direction. */
  askAndEnd(path: string): Promise<Seen>;
}

/** Repeats `send` until `seen` resolves. */
async function dripUntil(send: () => void, seen: Promise<Seen>): Promise<Seen> {
  const drip = setInterval(send, DRIP_MS);
  return seen.finally(() => clearInterval(drip));
}

async function http1(t: TestContext, port: number): Promise<TimedClient> {
  const client = await RawClient.connect(port);
  client.socket.on('error', () => undefined);
  t.after(() => client.destroy());
  const status = async (): Promise<Seen> => (await client.readResponse()).status;
  const send = (lines: string): void => client.send(`${lines}\r\nHost: a.example\r\n`);
  return {
    ask: async (path) => {
      send(`GET ${path} HTTP/1.1`);
      client.send('\r\n');
      return status();
    },
    dripHead: async () => {
      send('GET / HTTP/1.1');
      return dripUntil(() => client.send('x: y\r\n'), status());
    },
    dripBody: async () => {
      send('POST / HTTP/1.1\r\nContent-Length: 1000');
      client.send('\r\n');
      return dripUntil(() => client.send('x'), status());
    },
    idle: async () => {
      await client.waitForEnd();
      return 'closed';
    },
    askAndEnd: async (path) => {
      send(`GET ${path} HTTP/1.1`);
      client.socket.end('\r\n');
      await client.waitForClose();
      return client.received === '' ? 'closed' : status();
    },
  };
}

async function http2(t: TestContext, port: number): Promise<TimedClient> {
  const peer = await H2Peer.connect(port);
  peer.raw.socket.on('error', () => undefined);
  t.after(() => peer.raw.destroy());
  let id = -1;
  const status = async (): Promise<Seen> => Number(valueOf((await peer.message(id)).blocks[0], ':status'));
  const ended = async (): Promise<Seen> => {
    const { name } = await peer.goneAway();
    return name === 'noError' ? 'closed' : (name as Seen);
  };
  return {
    ask: async (path) => {
      id += 2;
      peer.send(headers(id, request({ ':path': path }), true));
      return status();
    },
    dripHead: async () => {
      id += 2;
      const block = encodePlainly(request({}, ['x-long', 'y'.repeat(2_000)]));
      let sent = 5;
      peer.send(frame(TYPE.headers, FLAG.endStream, id, block.subarray(0, sent)));
      // One CONTINUATION frame that never becomes whole.
      const rest = frame(TYPE.continuation, FLAG.endHeaders, id, block.subarray(sent));
      sent = 0;
      return dripUntil(() => peer.send(rest.subarray(sent, ++sent)), ended());
    },
    dripBody: async () => {
      id += 2;
      peer.send(headers(id, request({ ':method': 'POST' }, ['content-length', '1000']), false));
      return dripUntil(() => peer.send(data(id, 'x')), status());
    },
    idle: ended,
    askAndEnd: async (path) => {
      id += 2;
      peer.raw.socket.end(headers(id, request({ ':path': path }), true));
      return ended();
    },
  };
}

/** Answers `/` without a body, and nothing else. */
const answeringRoot: Script = async (connection) => {
  for (;;) {
    const head = await connection.readThrough('\r\n\r\n');
    if (head.startsWith('GET / ')) connection.send('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
  }
};

const askAuth: ExternalAuthFilter = {
  kind: 'external-auth',
  cluster: clusterId('silent'),
  origin: { kind: 'Service', namespace: 'test', name: 'silent' },
  protocol: { kind: 'http', pathPrefix: '', allowedRequestHeaders: [], allowedResponseHeaders: [] },
  forwardBodyBytes: 0,
};

const RULES: readonly TestRule[] = [
  {
    pathPrefix: '/timeout',
    backends: [testBackend('a')],
    timeouts: { ...DEFAULT_TIMEOUTS, requestMs: 150 },
  },
  {
    pathPrefix: '/auth',
    backends: [testBackend('a')],
    filters: [askAuth],
    timeouts: { ...DEFAULT_TIMEOUTS, requestMs: 150 },
  },
  {
    pathPrefix: '/backend-request',
    backends: [testBackend('a')],
    timeouts: { ...DEFAULT_TIMEOUTS, backendRequestMs: 150 },
  },
  { pathPrefix: '/idle', backends: [testBackend('a')], timeouts: { ...DEFAULT_TIMEOUTS, streamIdleMs: 150 } },
  {
    pathPrefix: '/per-try',
    backends: [testBackend('a')],
    retry: {
      attempts: 1,
      on: ['per-try-timeout'],
      codes: [],
      grpcCodes: [],
      backoffMs: 1,
      maxBackoffMs: 1,
      honorRetryAfter: false,
      perTryTimeoutMs: 80,
      nonIdempotent: 'never',
      maxBodyBytes: 0,
    },
  },
  { pathPrefix: '/connect', backends: [testBackend('h2')] },
  { pathPrefix: '/', backends: [testBackend('a')] },
];

/** The silent server begins no HTTP/2, so that connecting to it is never done. */
const CONNECTING = {
  ...DEFAULT_CLUSTER_POLICY,
  connection: { ...DEFAULT_CLUSTER_POLICY.connection, connectTimeoutMs: 80 },
};

async function startProxy(t: TestContext, limits: Partial<ClientLimits>): Promise<TestProxy> {
  const backend = await ScriptedBackend.start(answeringRoot);
  const silent = await ScriptedBackend.start();
  const config = testConfig({
    rules: RULES,
    clusters: [
      testCluster('a'),
      testCluster('silent'),
      testCluster('h2', { protocol: 'h2', policy: CONNECTING }),
    ],
    endpoints: { a: [backend.port], silent: [silent.port], h2: [silent.port] },
  });
  const proxy = await TestProxy.start(config, limits);
  t.after(async () => {
    await proxy.stop();
    await backend.stop();
    await silent.stop();
  });
  return proxy;
}

interface Row {
  readonly timer: string;
  readonly limits: Partial<ClientLimits>;
  readonly act: (client: TimedClient) => Promise<Seen>;
  /** Over HTTP/1.1, and over HTTP/2. */
  readonly expected: readonly [Seen, Seen];
}

const NO_IDLE_LIMIT = { idleTimeoutMs: 0 };

const ROWS: readonly Row[] = [
  {
    timer: 'a head that drips in',
    limits: { ...NO_IDLE_LIMIT, headTimeoutMs: 150 },
    act: (client) => client.dripHead(),
    expected: [408, 'enhanceYourCalm'],
  },
  {
    timer: 'a body that drips in',
    limits: { ...NO_IDLE_LIMIT, slowBody: { windowMs: 150, minBytes: 100 } },
    act: (client) => client.dripBody(),
    expected: [408, 408],
  },
  {
    timer: 'nothing at all',
    limits: { headTimeoutMs: 150, idleTimeoutMs: 150 },
    act: (client) => client.idle(),
    expected: ['closed', 'closed'],
  },
  {
    timer: 'an answer that does not come before a half-closed client is given up',
    limits: { ...NO_IDLE_LIMIT, halfClosedMs: 150 },
    act: (client) => client.askAndEnd('/silent'),
    expected: ['closed', 'closed'],
  },
  {
    timer: 'a backend that does not answer within the time limit of the request',
    limits: NO_IDLE_LIMIT,
    act: (client) => client.ask('/timeout'),
    expected: [504, 504],
  },
  {
    timer: 'an auth server that does not answer within the time limit of the request',
    limits: NO_IDLE_LIMIT,
    act: (client) => client.ask('/auth'),
    expected: [504, 504],
  },
  {
    timer: 'a backend that does not answer within the time limit of the backend request',
    limits: NO_IDLE_LIMIT,
    act: (client) => client.ask('/backend-request'),
    expected: [504, 504],
  },
  {
    timer: 'a stream without a byte',
    limits: NO_IDLE_LIMIT,
    act: (client) => client.ask('/idle'),
    expected: [504, 504],
  },
  {
    timer: 'a backend that answers no attempt within the time limit of one',
    limits: NO_IDLE_LIMIT,
    act: (client) => client.ask('/per-try'),
    expected: [504, 504],
  },
  {
    timer: 'a backend that cannot be connected to in time',
    limits: NO_IDLE_LIMIT,
    act: (client) => client.ask('/connect'),
    expected: [504, 504],
  },
];

const VERSIONS = [
  ['HTTP/1.1', http1],
  ['HTTP/2', http2],
] as const;

suite('time limits on clients', () => {
  for (const { timer, limits, act, expected } of ROWS) {
    VERSIONS.forEach(([version, connect], index) => {
      for (const earlier of [0, 1]) {
        test(`${timer}: ${version}, after ${earlier} requests`, async (t) => {
          const proxy = await startProxy(t, limits);
          const client = await connect(t, proxy.port);
          for (let count = 0; count < earlier; count++) assert.equal(await client.ask('/'), 200);
          assert.equal(await act(client), expected[index]);
        });
      }
    });
  }

  test('a body that starts late in the time window of another is not called slow', async (t) => {
    const proxy = await startProxy(t, { slowBody: { windowMs: 200, minBytes: 100 } });
    const peer = await H2Peer.connect(proxy.port);
    t.after(() => peer.raw.destroy());
    peer.send(headers(1, request({ ':method': 'POST' }), false));
    const slow = peer.message(1).then(({ blocks }) => valueOf(blocks[0], ':status'));
    // Streams that begin all the time: some of them just before the window of the first one ends.
    const begun: number[] = [];
    const begin = setInterval(() => {
      const id = 3 + begun.length * 2;
      begun.push(id);
      peer.send(headers(id, request({ ':method': 'POST' }), false));
    }, DRIP_MS);
    assert.equal(await slow, '408');
    clearInterval(begin);
    await peer.exchangePings();
    const last = begun.at(-1) ?? 0;
    assert.equal(
      peer.seen(({ streamId }) => streamId === last),
      null,
      'the last stream is still open',
    );
  });
});
