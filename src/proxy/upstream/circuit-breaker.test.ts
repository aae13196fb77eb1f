/** Limits of a cluster, below, at and above each, over real sockets and both protocols. */
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { DEFAULT_CLUSTER_POLICY, type CircuitBreaker, type RetryPolicy } from '../../ir/policy.ts';
import { testBackend, testCluster, testConfig } from '../../../test/support/gateway-config.ts';
import { SETTING, headers } from '../../../test/support/h2-frames.ts';
import { H2Peer } from '../../../test/support/h2-peer.ts';
import type { RawClient } from '../../../test/support/raw-client.ts';
import { ScriptedBackend, type Script } from '../../../test/support/scripted-backend.ts';
import { TestProxy } from '../../../test/support/test-proxy.ts';
import type { ClusterStats } from './cluster-stats.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a.example\r\n\r\n';
const ANSWER = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const OK = [[':status', '200']] as const;
const UNLIMITED: CircuitBreaker = DEFAULT_CLUSTER_POLICY.circuitBreaker;

const RETRY: RetryPolicy = {
  attempts: 2,
  on: ['reset'],
  codes: [503],
  grpcCodes: [],
  backoffMs: 1,
  maxBackoffMs: 1,
  honorRetryAfter: false,
  perTryTimeoutMs: 0,
  nonIdempotent: 'before-send',
  maxBodyBytes: 0,
};

interface Setup {
  readonly breaker: Partial<CircuitBreaker>;
  readonly protocol?: 'http1' | 'h2';
  readonly script?: Script;
  readonly retry?: RetryPolicy;
  readonly streams?: number;
  readonly backends?: number;
  readonly minRetryCount?: number;
}

async function setUp(t: TestContext, setup: Setup) {
  const backends = await Promise.all(
    Array.from({ length: setup.backends ?? 1 }, () => ScriptedBackend.start(setup.script ?? null)),
  );
  const policy = {
    ...DEFAULT_CLUSTER_POLICY,
    loadBalancing: { kind: 'round-robin' },
    circuitBreaker: { ...UNLIMITED, ...setup.breaker },
    http2: { ...DEFAULT_CLUSTER_POLICY.http2, maxConcurrentStreams: setup.streams ?? 100 },
    retryBudget: {
      percent: 20,
      intervalMs: 10_000,
      minRetryCount: setup.minRetryCount ?? 10,
      minRetryIntervalMs: 1_000,
    },
  } as const;
  const config = testConfig({
    rules: [{ backends: [testBackend('a')], retry: setup.retry ?? null }],
    clusters: [testCluster('a', { policy, protocol: setup.protocol ?? 'http1' })],
    endpoints: { a: backends.map(({ port }) => port) },
  });
  const proxy = await TestProxy.start(config);
  t.after(async () => {
    await proxy.stop();
    for (const backend of backends) await backend.stop();
  });
  const clusterStats = (): ClusterStats => {
    const [stats] = proxy.proxy.stats().clusters;
    assert.ok(stats !== undefined);
    return stats;
  };
  const send = async (): Promise<RawClient> => {
    const client = await proxy.connect();
    client.send(GET);
    return client;
  };
  const [backend] = backends;
  assert.ok(backend !== undefined);
  return { proxy, backend, backends, clusterStats, send };
}

/** Waits until the proxy has read what was sent: requests that wait are seen nowhere else. */
async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!holds()) {
    assert.ok(Date.now() < deadline, 'it did not come to that');
    await new Promise(setImmediate);
  }
}

const statusOf = async (client: RawClient): Promise<number> => (await client.readResponse()).status;

describe('maxParallelRequests', () => {
  test('below and at the limit requests pass; the next is refused, and passes when one is done', async (t) => {
    const { backend, send, clusterStats, proxy } = await setUp(t, { breaker: { maxParallelRequests: 2 } });
    const [first, second] = [await send(), await send()];
    const [one, two] = [await backend.connection(), await backend.connection()];
    await Promise.all([one.readThrough('\r\n\r\n'), two.readThrough('\r\n\r\n')]);
    assert.deepEqual(clusterStats().openBreakers, ['requests']);
    assert.equal(await statusOf(await send()), 503);
    assert.equal(proxy.records[0]?.reason, 'overflow');
    assert.equal(clusterStats().overflows.requests, 1);
    one.send(ANSWER);
    two.send(ANSWER);
    assert.deepEqual([await statusOf(first), await statusOf(second)], [200, 200]);
    assert.deepEqual(clusterStats().openBreakers, []);
    const third = await send();
    await until(() => one.received !== '' || two.received !== '');
    (one.received === '' ? two : one).send(ANSWER);
    assert.equal(await statusOf(third), 200);
  });
});

describe('maxConnections, HTTP/1.1', () => {
  test('requests beyond it wait, in order, for a connection that is let go', async (t) => {
    const { backend, send, clusterStats } = await setUp(t, { breaker: { maxConnections: 1 } });
    const clients = [await send()];
    const connection = await backend.connection();
    await connection.readThrough('\r\n\r\n');
    for (let waiting = 1; waiting <= 3; waiting++) {
      clients.push(await send());
      await until(() => clusterStats().pendingRequests === waiting);
    }
    for (const client of clients) {
      connection.send(ANSWER);
      assert.equal(await statusOf(client), 200);
      if (client !== clients.at(-1)) await connection.readThrough('\r\n\r\n');
    }
    assert.equal(backend.connections.length, 1);
    assert.equal(clusterStats().pendingRequests, 0);
  });

  test('a client that goes away leaves the queue, and a connection that breaks makes room', async (t) => {
    const { backend, send, clusterStats } = await setUp(t, { breaker: { maxConnections: 1 } });
    const first = await send();
    const connection = await backend.connection();
    await connection.readThrough('\r\n\r\n');
    const second = await send();
    await until(() => clusterStats().pendingRequests === 1);
    const third = await send();
    await until(() => clusterStats().pendingRequests === 2);
    second.socket.resetAndDestroy();
    await until(() => clusterStats().pendingRequests === 1);
    connection.send(ANSWER.replace('\r\n\r\n', '\r\nconnection: close\r\n\r\n'));
    connection.end();
    assert.equal(await statusOf(first), 200);
    const next = await backend.connection();
    await next.readThrough('\r\n\r\n');
    next.send(ANSWER);
    assert.equal(await statusOf(third), 200);
  });

  test('maxPendingRequests: at it they wait, the next is refused', async (t) => {
    const { backend, send, clusterStats, proxy } = await setUp(t, {
      breaker: { maxConnections: 1, maxPendingRequests: 1 },
    });
    const first = await send();
    const connection = await backend.connection();
    await connection.readThrough('\r\n\r\n');
    const second = await send();
    await until(() => clusterStats().pendingRequests === 1);
    assert.deepEqual(clusterStats().openBreakers, ['connections', 'pending']);
    assert.equal(await statusOf(await send()), 503);
    assert.equal(proxy.records[0]?.reason, 'overflow');
    assert.equal(clusterStats().overflows.pending, 1);
    connection.send(ANSWER);
    assert.equal(await statusOf(first), 200);
    await connection.readThrough('\r\n\r\n');
    connection.send(ANSWER);
    assert.equal(await statusOf(second), 200);
  });

  test('maxPendingRequests of 0: what finds no connection is refused', async (t) => {
    const { backend, send } = await setUp(t, { breaker: { maxConnections: 1, maxPendingRequests: 0 } });
    const first = await send();
    const connection = await backend.connection();
    await connection.readThrough('\r\n\r\n');
    assert.equal(await statusOf(await send()), 503);
    connection.send(ANSWER);
    assert.equal(await statusOf(first), 200);
  });

  test('maxConnections of 0: everything is refused', async (t) => {
    const { send } = await setUp(t, { breaker: { maxConnections: 0 } });
    assert.equal(await statusOf(await send()), 503);
  });

  test('an idle connection to one endpoint gives way to one that another needs', async (t) => {
    const { backends, send } = await setUp(t, {
      breaker: { maxConnections: 1 },
      backends: 2,
      script: async (connection) => {
        for (;;) {
          await connection.readThrough('\r\n\r\n');
          connection.send(ANSWER);
        }
      },
    });
    for (let count = 0; count < 6; count++) assert.equal(await statusOf(await send()), 200);
    assert.ok(backends.every(({ connections }) => connections.length === 3));
  });

  test('endpoints take turns where all of them have requests waiting', async (t) => {
    const { send, clusterStats } = await setUp(t, {
      breaker: { maxConnections: 1 },
      backends: 3,
      script: async (connection) => {
        for (;;) {
          await connection.readThrough('\r\n\r\n');
          connection.send(ANSWER);
        }
      },
    });
    const clients = await Promise.all(Array.from({ length: 12 }, send));
    assert.deepEqual(new Set(await Promise.all(clients.map(statusOf))), new Set([200]));
    assert.equal(clusterStats().pendingRequests, 0);
    assert.ok(clusterStats().connections <= 1);
  });
});

describe('maxConnections, HTTP/2', () => {
  test('one connection carries its streams; what is beyond waits, up to maxPendingRequests', async (t) => {
    const { backend, send, clusterStats, proxy } = await setUp(t, {
      breaker: { maxConnections: 1, maxPendingRequests: 1 },
      protocol: 'h2',
      streams: 2,
    });
    const clients = [await send(), await send()];
    const upstream = await H2Peer.accept(await backend.connection());
    await upstream.fields(1);
    await upstream.fields(3);
    clients.push(await send());
    await until(() => clusterStats().pendingRequests === 1);
    assert.equal(await statusOf(await send()), 503);
    assert.equal(proxy.records[0]?.reason, 'overflow');
    for (const [index, client] of clients.entries()) {
      if (index === 2) await upstream.fields(5);
      upstream.send(headers(1 + index * 2, OK, true));
      assert.equal(await statusOf(client), 200);
    }
    assert.equal(backend.connections.length, 1);
    assert.equal(clusterStats().pendingRequests, 0);
  });

  test('a backend that allows fewer streams than we do makes the rest wait', async (t) => {
    const { backend, send, clusterStats } = await setUp(t, {
      breaker: { maxConnections: 1 },
      protocol: 'h2',
    });
    const clients = [await send(), await send()];
    const upstream = await H2Peer.accept(await backend.connection(), [SETTING.maxConcurrentStreams, 1]);
    await upstream.fields(1);
    await until(() => clusterStats().pendingRequests === 1);
    upstream.send(headers(1, OK, true));
    await upstream.fields(3);
    upstream.send(headers(3, OK, true));
    for (const client of clients) assert.equal(await statusOf(client), 200);
  });
});

describe('retries', () => {
  const always503: Script = async (connection) => {
    for (;;) {
      await connection.readThrough('\r\n\r\n');
      connection.send('HTTP/1.1 503 X\r\ncontent-length: 4\r\n\r\nbusy');
    }
  };

  test('maxParallelRetries of 0: the answer that there is is passed on', async (t) => {
    const { send, proxy, clusterStats } = await setUp(t, {
      breaker: { maxParallelRetries: 0 },
      script: always503,
      retry: RETRY,
    });
    assert.equal((await (await send()).readResponse()).body, 'busy');
    assert.deepEqual(
      proxy.records.map(({ reason, retries }) => ({ reason, retries })),
      [{ reason: null, retries: 0 }],
    );
    assert.equal(clusterStats().overflows.retries, 1);
  });

  test('maxParallelRetries counts exchanges under retry, not their tries', async (t) => {
    const { send, proxy } = await setUp(t, {
      breaker: { maxParallelRetries: 1 },
      script: always503,
      retry: RETRY,
    });
    for (let count = 0; count < 3; count++) await (await send()).readResponse();
    assert.deepEqual(
      proxy.records.map(({ retries }) => retries),
      [2, 2, 2],
    );
  });

  test('over the limit and without an answer: 503 overflow', async (t) => {
    const { send, proxy } = await setUp(t, {
      breaker: { maxParallelRetries: 0 },
      script: async (connection) => {
        await connection.readThrough('\r\n\r\n');
        connection.destroy();
      },
      retry: RETRY,
    });
    assert.equal(await statusOf(await send()), 503);
    assert.equal(proxy.records[0]?.reason, 'overflow');
  });

  test('an answer that was passed on for want of a retry and then breaks off has the reason of that', async (t) => {
    const { send, proxy } = await setUp(t, {
      breaker: { maxParallelRetries: 0 },
      script: async (connection) => {
        await connection.readThrough('\r\n\r\n');
        connection.send('HTTP/1.1 503 X\r\ncontent-length: 10\r\n\r\nhalf');
        connection.end();
      },
      retry: RETRY,
    });
    await (await send()).waitForClose();
    assert.equal(proxy.records[0]?.reason, 'upstream_reset');
  });

  test('over the budget: the answer that there is, else 503 retry_budget', async (t) => {
    let isClosing = false;
    const { send, proxy, clusterStats } = await setUp(t, {
      breaker: {},
      minRetryCount: 1,
      script: async (connection) => {
        for (;;) {
          await connection.readThrough('\r\n\r\n');
          if (isClosing) connection.destroy();
          else connection.send('HTTP/1.1 503 X\r\ncontent-length: 4\r\n\r\nbusy');
        }
      },
      retry: { ...RETRY, attempts: 10, nonIdempotent: 'always' },
    });
    // One retry by the least rate, and a fifth of one by the percentage.
    assert.equal((await (await send()).readResponse()).body, 'busy');
    isClosing = true;
    assert.equal(await statusOf(await send()), 503);
    const [answered, reset] = proxy.records;
    assert.deepEqual([answered?.retries, answered?.reason], [1, null]);
    assert.equal(reset?.reason, 'retry_budget');
    assert.equal(clusterStats().refusedRetries, 2);
    const { retries } = proxy.proxy.stats().requests[0] ?? {};
    assert.equal(retries?.status, 1);
  });
});
