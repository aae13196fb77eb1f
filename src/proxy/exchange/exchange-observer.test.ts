/** The events that an observer of exchanges gets, in order, from clients of both versions of HTTP. */
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { clusterId } from '../../ir/ids.ts';
import type { Filter } from '../../ir/filter.ts';
import { DEFAULT_TIMEOUTS, type RetryPolicy } from '../../ir/policy.ts';
import { testBackend, testConfig, type TestRule } from '../../../test/support/gateway-config.ts';
import { CODE, headers, request, rstStream } from '../../../test/support/h2-frames.ts';
import { H2Peer, valueOf } from '../../../test/support/h2-peer.ts';
import { RawClient } from '../../../test/support/raw-client.ts';
import { ScriptedBackend, answering, type Script } from '../../../test/support/scripted-backend.ts';
import { TestProxy } from '../../../test/support/test-proxy.ts';
import { webSocketAccept } from '../message/websocket.ts';
import { combineObservers, type AttemptOutcome, type ExchangeObserver } from './exchange-observer.ts';
import type { RetryDecision } from './retry.ts';

type Event<Name extends keyof ExchangeObserver> = NonNullable<ExchangeObserver[Name]>;

/** Writes down the events of one exchange after the other. */
class EventLog implements ExchangeObserver {
  readonly events: string[] = [];
  readonly #waiting: (() => void)[] = [];

  requestStarted: Event<'requestStarted'> = ({ method, path, gateway }, head, rule) => {
    const routed = `${gateway?.origin.name ?? 'no gateway'}, ${rule === null ? 'no rule' : 'a rule'}`;
    this.events.push(`started ${method} ${path} for ${head.host}: ${routed}`);
  };
  filterRan: Event<'filterRan'> = ({ run }, { kind }, outcome) => {
    const on = run?.responseHead === null ? 'request' : 'response';
    const end = typeof outcome === 'string' ? outcome : outcome.kind;
    this.events.push(`filter ${kind} on the ${on}: ${end}`);
  };
  attemptStarted: Event<'attemptStarted'> = ({ retries, endpoint }) => {
    this.events.push(`attempt ${retries + 1} started${endpoint === null ? ' nowhere' : ''}`);
  };
  attemptEnded: Event<'attemptEnded'> = (_exchange, outcome, retry) => {
    this.events.push(`attempt ended: ${describeEnd(outcome, retry)}`);
  };
  requestFinished: Event<'requestFinished'> = ({ status, reason, startedAtMs }, nowMs) => {
    assert.ok(nowMs >= startedAtMs);
    this.events.push(`finished ${status} ${reason ?? '-'}`);
    this.#waiting.shift()?.();
  };

  /** The events so far, which are forgotten. */
  take(): string[] {
    return this.events.splice(0);
  }

  /** Resolves when the next exchange has finished, or at once when one has. */
  async finished(): Promise<readonly string[]> {
    const isFinished = this.events.at(-1)?.startsWith('finished') === true;
    if (!isFinished) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.events;
  }
}

function describeEnd(outcome: AttemptOutcome, retry: RetryDecision | null): string {
  const end = outcome.kind === 'status' ? `status ${outcome.status}` : outcome.kind;
  return retry === null ? end : `${end}, retried for ${retry.reason}`;
}

/** A request that was sent and may be abandoned. */
interface Pending {
  status(): Promise<number>;
  abort(): void;
}

interface Version {
  send(t: TestContext, port: number, path: string): Promise<Pending>;
  openTunnel(t: TestContext, port: number): Promise<{ readonly end: () => void }>;
}

const UPGRADE =
  'GET /chat HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\n\r\n';
const switching = (key: string): string =>
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  `Sec-WebSocket-Accept: ${webSocketAccept(key)}\r\n\r\n`;

const VERSIONS: Readonly<Record<string, Version>> = {
  'HTTP/1.1': {
    async send(t, port, path) {
      const client = await RawClient.connect(port);
      t.after(() => client.destroy());
      client.send(`GET ${path} HTTP/1.1\r\nHost: a.example\r\n\r\n`);
      return {
        status: async () => (await client.readResponse()).status,
        abort: () => client.socket.resetAndDestroy(),
      };
    },
    async openTunnel(t, port) {
      const client = await RawClient.connect(port);
      t.after(() => client.destroy());
      client.send(UPGRADE);
      assert.equal((await client.readResponse()).status, 101);
      return { end: () => client.end() };
    },
  },
  'HTTP/2': {
    async send(t, port, path) {
      const peer = await H2Peer.connect(port);
      t.after(() => peer.raw.destroy());
      peer.send(headers(1, request({ ':path': path, ':authority': 'a.example' }), true));
      return {
        status: async () => Number(valueOf((await peer.message(1)).blocks.at(-1), ':status')),
        abort: () => peer.send(rstStream(1, CODE.cancel)),
      };
    },
    async openTunnel(t, port) {
      const peer = await H2Peer.connect(port);
      t.after(() => peer.raw.destroy());
      const fields = { ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/chat' };
      peer.send(headers(1, request({ ...fields, ':authority': 'a.example' }), false));
      assert.equal(valueOf(await peer.fields(1), ':status'), '200');
      return { end: () => peer.send(rstStream(1, CODE.cancel)) };
    },
  },
};

async function setUp(
  t: TestContext,
  script: Script | null,
  rule: Partial<TestRule> = {},
  observers: readonly ExchangeObserver[] = [],
) {
  const backend = await ScriptedBackend.start(script);
  const log = new EventLog();
  const config = testConfig({
    rules: [{ backends: [testBackend('a')], pathPrefix: '/', ...rule }],
    endpoints: { a: [backend.port] },
  });
  const proxy = await TestProxy.start(config, {}, {}, [...observers, log]);
  t.after(async () => {
    await proxy.stop();
    await backend.stop();
  });
  return { backend, log, proxy };
}

const RETRY: RetryPolicy = {
  attempts: 2,
  on: ['connect-failure', 'refused-stream', 'reset'],
  codes: [503],
  grpcCodes: [],
  backoffMs: 1,
  maxBackoffMs: 5,
  honorRetryAfter: false,
  perTryTimeoutMs: 0,
  nonIdempotent: 'before-send',
  maxBodyBytes: 65_536,
};

/** Responds to the nth request with the nth status. */
function statuses(...list: readonly number[]): Script {
  let count = 0;
  return async (connection) => {
    for (;;) {
      await connection.readThrough('\r\n\r\n');
      connection.send(`HTTP/1.1 ${list[count++] ?? 200} X\r\ncontent-length: 0\r\n\r\n`);
    }
  };
}

const ORIGIN = { kind: 'Service', namespace: 'test', name: 'a' };
const AUTH: Filter = {
  kind: 'external-auth',
  cluster: clusterId('a'),
  origin: ORIGIN,
  protocol: { kind: 'http', pathPrefix: '', allowedRequestHeaders: [], allowedResponseHeaders: [] },
  forwardBodyBytes: 0,
};
const CORS: Filter = {
  kind: 'cors',
  allowOrigins: ['*'],
  allowCredentials: false,
  allowMethods: [],
  allowHeaders: [],
  exposeHeaders: [],
  maxAgeSeconds: 5,
};
const REDIRECT: Filter = {
  kind: 'redirect',
  scheme: 'https',
  hostname: null,
  path: null,
  port: null,
  status: 302,
};
const MIRROR: Filter = {
  kind: 'mirror',
  cluster: clusterId('a'),
  origin: ORIGIN,
  numerator: 1,
  denominator: 1,
};
const STARTED = 'started GET / for a.example: gateway, a rule';
const SERVED = [STARTED, 'attempt 1 started', 'attempt ended: complete', 'finished 200 -'];

for (const [name, version] of Object.entries(VERSIONS)) {
  describe(`${name}: events in order`, () => {
    test('a request that its backend answers', async (t) => {
      const { log, proxy } = await setUp(t, answering('ok'));
      const pending = await version.send(t, proxy.port, '/');
      assert.equal(await pending.status(), 200);
      assert.deepEqual(await log.finished(), SERVED);
    });

    test('a retry, with its reason', async (t) => {
      const { log, proxy } = await setUp(t, statuses(503, 503, 200), { retry: RETRY });
      const pending = await version.send(t, proxy.port, '/');
      assert.equal(await pending.status(), 200);
      assert.deepEqual(await log.finished(), [
        STARTED,
        'attempt 1 started',
        'attempt ended: status 503, retried for status',
        'attempt 2 started',
        'attempt ended: status 503, retried for status',
        'attempt 3 started',
        'attempt ended: complete',
        'finished 200 -',
      ]);
    });

    test('an attempt that fails for good', async (t) => {
      const { log, proxy } = await setUp(t, async (connection) => {
        await connection.readThrough('\r\n\r\n');
        connection.send('nonsense\r\n\r\n');
      });
      const pending = await version.send(t, proxy.port, '/');
      assert.equal(await pending.status(), 502);
      assert.deepEqual(await log.finished(), [
        STARTED,
        'attempt 1 started',
        'attempt ended: invalid',
        'finished 502 upstream_invalid',
      ]);
    });

    test('a request that takes too long', async (t) => {
      const timeouts = { ...DEFAULT_TIMEOUTS, requestMs: 30 };
      const { log, proxy } = await setUp(t, null, { timeouts });
      const pending = await version.send(t, proxy.port, '/');
      assert.equal(await pending.status(), 504);
      assert.deepEqual(await log.finished(), [
        STARTED,
        'attempt 1 started',
        'attempt ended: cancelled',
        'finished 504 request_timeout',
      ]);
    });

    test('a mirrored request: the copy is a filter at work, and no attempt', async (t) => {
      const { backend, log, proxy } = await setUp(t, answering('ok'), { filters: [MIRROR] });
      const pending = await version.send(t, proxy.port, '/');
      assert.equal(await pending.status(), 200);
      const [started, ...others] = SERVED;
      assert.deepEqual(await log.finished(), [started, 'filter mirror on the request: continue', ...others]);
      assert.equal(backend.connections.length, 2);
    });

    test('a filter that waits has an event when its wait ends', async (t) => {
      const { log, proxy } = await setUp(t, statuses(200, 200, 403), { filters: [AUTH] });
      const allowed = await version.send(t, proxy.port, '/');
      assert.equal(await allowed.status(), 200);
      await log.finished();
      assert.deepEqual(log.take(), [
        STARTED,
        'filter external-auth on the request: pending',
        'filter external-auth on the request: continue',
        'attempt 1 started',
        'attempt ended: complete',
        'finished 200 -',
      ]);
      const denied = await version.send(t, proxy.port, '/');
      assert.equal(await denied.status(), 403);
      assert.deepEqual(await log.finished(), [
        STARTED,
        'filter external-auth on the request: pending',
        'filter external-auth on the request: answer',
        'finished 403 auth_denied',
      ]);
    });

    test('a filter that acts on the response', async (t) => {
      const { log, proxy } = await setUp(t, answering('ok'), { filters: [CORS] });
      const pending = await version.send(t, proxy.port, '/');
      assert.equal(await pending.status(), 200);
      const events = await log.finished();
      const at = events.indexOf('filter cors on the response: continue');
      assert.ok(events.indexOf('attempt 1 started') < at && at < events.indexOf('attempt ended: complete'));
    });

    test('a redirect', async (t) => {
      const { log, proxy } = await setUp(t, null, { filters: [REDIRECT] });
      const pending = await version.send(t, proxy.port, '/');
      assert.equal(await pending.status(), 302);
      assert.deepEqual(await log.finished(), [
        STARTED,
        'filter redirect on the request: answer',
        'finished 302 redirect',
      ]);
    });

    test('an observer adds a field to every attempt of a request', async (t) => {
      const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
      const tracer: ExchangeObserver = {
        requestStarted: (exchange) => {
          const run = exchange.startRun();
          const edit = { set: [{ name: 'traceparent', value: traceparent }], add: [], remove: [] };
          run.requestEdits = [...run.requestEdits, edit];
        },
      };
      const heads: string[] = [];
      const script: Script = async (connection) => {
        for (;;) {
          heads.push(await connection.readThrough('\r\n\r\n'));
          connection.send(`HTTP/1.1 ${heads.length === 1 ? 503 : 200} X\r\ncontent-length: 0\r\n\r\n`);
        }
      };
      const { proxy } = await setUp(t, script, { retry: RETRY }, [tracer]);
      const pending = await version.send(t, proxy.port, '/');
      assert.equal(await pending.status(), 200);
      assert.equal(heads.length, 2);
      for (const head of heads) assert.ok(head.includes(`\r\ntraceparent: ${traceparent}\r\n`));
    });

    test('a response of the gateway itself', async (t) => {
      const { log, proxy } = await setUp(t, null, { pathPrefix: '/served' });
      const pending = await version.send(t, proxy.port, '/other');
      assert.equal(await pending.status(), 404);
      assert.deepEqual(await log.finished(), [
        'started GET /other for a.example: gateway, no rule',
        'finished 404 no_rule',
      ]);
    });

    test('a client that leaves', async (t) => {
      const { backend, log, proxy } = await setUp(t, null);
      const pending = await version.send(t, proxy.port, '/');
      await (await backend.connection()).readThrough('\r\n\r\n');
      pending.abort();
      assert.deepEqual(await log.finished(), [
        STARTED,
        'attempt 1 started',
        'attempt ended: cancelled',
        'finished 499 client_closed',
      ]);
    });

    test('a WebSocket tunnel', async (t) => {
      const { log, proxy } = await setUp(t, async (connection) => {
        const head = await connection.readThrough('\r\n\r\n');
        const key = /sec-websocket-key: (.*)\r/i.exec(head)?.[1] ?? '';
        connection.send(switching(key));
        connection.end();
      });
      const tunnel = await version.openTunnel(t, proxy.port);
      const started = log.events.slice(0, 2);
      assert.match(started[0] ?? '', /^started (GET|CONNECT) \/chat for a.example: gateway, a rule$/);
      assert.equal(started[1], 'attempt 1 started');
      assert.ok(!log.events.some((event) => event.startsWith('finished')), 'a tunnel is open');
      tunnel.end();
      const last = (await log.finished()).slice(2);
      const isAborted = name === 'HTTP/2';
      assert.deepEqual(last, [
        `attempt ended: ${isAborted ? 'cancelled' : 'complete'}`,
        isAborted ? 'finished 101 client_closed' : 'finished 101 -',
      ]);
    });
  });
}

describe('several observers', () => {
  const note = (log: string[], name: string): ExchangeObserver => ({
    requestFinished: () => {
      log.push(name);
    },
  });

  test('one is itself', () => {
    const only = note([], 'only');
    assert.equal(combineObservers(only, []), only);
  });

  test('each gets every event that it asks for, in their order', async (t) => {
    const order: string[] = [];
    const backend = await ScriptedBackend.start(answering('ok'));
    const config = testConfig({
      rules: [{ backends: [testBackend('a')] }],
      endpoints: { a: [backend.port] },
    });
    const log = new EventLog();
    const proxy = await TestProxy.start(config, {}, {}, [note(order, 'one'), note(order, 'two'), log]);
    t.after(async () => {
      await proxy.stop();
      await backend.stop();
    });
    const client = await proxy.connect();
    client.send('GET / HTTP/1.1\r\nHost: a.example\r\n\r\n');
    await client.readResponse();
    assert.deepEqual(await log.finished(), SERVED);
    assert.deepEqual(order, ['one', 'two']);
    client.destroy();
  });
});
