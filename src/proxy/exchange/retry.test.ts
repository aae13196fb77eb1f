/** Tries after the first: which failures, which requests, which endpoints, and what the client gets in the end. */
import assert from 'node:assert/strict';
import { createServer, type AddressInfo } from 'node:net';
import { describe, test, type TestContext } from 'node:test';
import {
  DEFAULT_CLUSTER_POLICY,
  type ClusterPolicy,
  type RetryPolicy,
  type Timeouts,
} from '../../ir/policy.ts';
import { testBackend, testCluster, testConfig } from '../../../test/support/gateway-config.ts';
import type { RawClient } from '../../../test/support/raw-client.ts';
import { ScriptedBackend, answering, type Script } from '../../../test/support/scripted-backend.ts';
import { TestProxy } from '../../../test/support/test-proxy.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a.example\r\n\r\n';
const POST = 'POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 4\r\n\r\nbody';

const POLICY: RetryPolicy = {
  attempts: 2,
  on: ['connect-failure', 'refused-stream', 'reset'],
  codes: [],
  grpcCodes: [],
  backoffMs: 1,
  maxBackoffMs: 5,
  honorRetryAfter: false,
  perTryTimeoutMs: 0,
  nonIdempotent: 'before-send',
  maxBodyBytes: 65_536,
};

/** A port without a listener. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

interface Setup {
  readonly script: Script;
  readonly retry?: RetryPolicy | null;
  readonly timeouts?: Partial<Timeouts>;
  readonly alsoPorts?: readonly number[];
  readonly policy?: Partial<ClusterPolicy>;
}

async function setUp(t: TestContext, { script, retry, timeouts, alsoPorts, policy }: Setup) {
  const backend = await ScriptedBackend.start(script);
  const rule = {
    backends: [testBackend('a')],
    retry: retry ?? null,
    timeouts: { requestMs: 0, backendRequestMs: 0, streamIdleMs: 300_000, ...timeouts },
  };
  const proxy = await TestProxy.start(
    testConfig({
      rules: [rule],
      clusters: [testCluster('a', { policy: { ...DEFAULT_CLUSTER_POLICY, ...policy } })],
      endpoints: { a: [backend.port, ...(alsoPorts ?? [])] },
    }),
  );
  t.after(async () => {
    await proxy.stop();
    await backend.stop();
  });
  return { backend, proxy, client: await proxy.connect() };
}

/** Answers the nth request it gets with the nth status; closes instead where that is 0. */
function statuses(...list: readonly number[]): Script {
  let count = 0;
  return async (connection) => {
    for (;;) {
      const head = await connection.readThrough('\r\n\r\n');
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
      const body = (await connection.readBytes(length)).toString('latin1');
      const status = list[Math.min(count++, list.length - 1)] ?? 200;
      if (status === 0) {
        connection.destroy();
        return;
      }
      const text = `${status}/${body}`;
      connection.send(`HTTP/1.1 ${status} X\r\ncontent-length: ${text.length}\r\n\r\n${text}`);
    }
  };
}

const bodyOf = async (client: RawClient, request: string): Promise<string> => {
  client.send(request);
  return (await client.readResponse()).body;
};

describe('without a policy', () => {
  test('an endpoint that refuses connections loses no request, whatever the method', async (t) => {
    const { proxy, client } = await setUp(t, { script: answering('ok'), alsoPorts: [await closedPort()] });
    for (let count = 0; count < 20; count++)
      assert.equal(await bodyOf(client, count % 2 === 0 ? GET : POST.replace('body', 'body')), 'ok');
    assert.ok(
      proxy.records.some(({ retries }) => retries === 1),
      'the dead endpoint was never chosen',
    );
  });

  test('no endpoint takes connections: 503 connect_failed', async (t) => {
    const proxy = await TestProxy.start(
      testConfig({
        rules: [{ backends: [testBackend('a')] }],
        endpoints: { a: [await closedPort(), await closedPort(), await closedPort()] },
      }),
    );
    t.after(() => proxy.stop());
    const client = await proxy.connect();
    client.send(GET);
    assert.equal((await client.readResponse()).status, 503);
    assert.deepEqual(
      proxy.records.map(({ reason, retries }) => ({ reason, retries })),
      [{ reason: 'connect_failed', retries: 1 }],
    );
  });

  test('no endpoints at all: 503 no_endpoints', async (t) => {
    const proxy = await TestProxy.start(
      testConfig({ rules: [{ backends: [testBackend('a')] }], endpoints: { a: [] } }),
    );
    t.after(() => proxy.stop());
    const client = await proxy.connect();
    client.send(GET);
    assert.equal((await client.readResponse()).status, 503);
    assert.equal(proxy.records[0]?.reason, 'no_endpoints');
  });

  /** Serves one request on each connection and closes it without a word when the second comes. */
  const dyingConnections: Script = async (connection) => {
    const head = await connection.readThrough('\r\n\r\n');
    await connection.readBytes(Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0));
    connection.send('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
    await connection.readThrough('\r\n\r\n');
    connection.socket.resetAndDestroy();
  };

  test('a reused connection that turns out dead is replaced, for an idempotent request', async (t) => {
    const { client, backend, proxy } = await setUp(t, { script: dyingConnections });
    assert.equal(await bodyOf(client, GET), 'ok');
    assert.equal(await bodyOf(client, GET), 'ok');
    assert.equal(backend.connections.length, 2);
    assert.deepEqual(
      proxy.records.map(({ retries }) => retries),
      [0, 0],
    );
  });

  test('but a POST of which a byte has gone out is never sent again', async (t) => {
    const { client, backend } = await setUp(t, { script: dyingConnections });
    assert.equal(await bodyOf(client, GET), 'ok');
    client.send(POST);
    assert.equal((await client.readResponse()).status, 502);
    assert.equal(backend.connections.length, 1);
  });

  test('a reset on a fresh connection is an answer: 502, no other try', async (t) => {
    const { client, backend } = await setUp(t, { script: statuses(0) });
    client.send(GET);
    assert.equal((await client.readResponse()).status, 502);
    assert.equal(backend.connections.length, 1);
  });
});

describe('with a policy', () => {
  test('a further try goes where none has been: as many endpoints are asked as there are tries', async (t) => {
    const { client, proxy } = await setUp(t, {
      script: answering('ok'),
      retry: { ...POLICY, attempts: 3 },
      alsoPorts: [await closedPort(), await closedPort(), await closedPort()],
    });
    for (let count = 0; count < 20; count++) assert.equal(await bodyOf(client, GET), 'ok');
    assert.ok(proxy.records.every(({ retries }) => retries <= 3));
  });

  test('listed codes are retried, up to the attempts, and the last answer is passed on', async (t) => {
    const { client, proxy } = await setUp(t, {
      script: statuses(500, 500, 500, 200),
      retry: { ...POLICY, codes: [500] },
    });
    assert.equal(await bodyOf(client, GET), '500/');
    assert.equal(await bodyOf(client, GET), '200/');
    assert.deepEqual(
      proxy.records.map(({ retries }) => retries),
      [2, 0],
    );
  });

  test('a code that is not listed is not retried', async (t) => {
    const { client } = await setUp(t, { script: statuses(503, 200), retry: { ...POLICY, codes: [500] } });
    assert.equal(await bodyOf(client, GET), '503/');
  });

  test('resets are retried without any codes', async (t) => {
    const { client, proxy } = await setUp(t, { script: statuses(0, 0, 200), retry: POLICY });
    assert.equal(await bodyOf(client, GET), '200/');
    assert.equal(proxy.records[0]?.retries, 2);
  });

  test('attempts of 0 turn every retry off, the built-in one too', async (t) => {
    const proxy = await TestProxy.start(
      testConfig({
        rules: [{ backends: [testBackend('a')], retry: { ...POLICY, attempts: 0 } }],
        endpoints: { a: [await closedPort(), await closedPort()] },
      }),
    );
    t.after(() => proxy.stop());
    const client = await proxy.connect();
    client.send(GET);
    assert.equal((await client.readResponse()).status, 503);
    assert.equal(proxy.records[0]?.retries, 0);
  });

  test('a body within the limit is sent again, where the policy allows it for its method', async (t) => {
    const always = { ...POLICY, codes: [500], nonIdempotent: 'always' } as const;
    const { client } = await setUp(t, { script: statuses(500, 200), retry: always });
    assert.equal(await bodyOf(client, POST), '200/body');
  });

  test('an idempotent body is sent again without that', async (t) => {
    const { client } = await setUp(t, { script: statuses(500, 200), retry: { ...POLICY, codes: [500] } });
    assert.equal(await bodyOf(client, POST.replace('POST', 'PUT')), '200/body');
  });

  test('no budget is kept that no policy asks for: one bad endpoint of two never shows', async (t) => {
    const [good, bad] = await Promise.all([
      ScriptedBackend.start(answering('good')),
      ScriptedBackend.start(statuses(...Array.from({ length: 100 }, () => 503))),
    ]);
    const proxy = await TestProxy.start(
      testConfig({
        rules: [{ backends: [testBackend('a')], retry: { ...POLICY, attempts: 1, codes: [503] } }],
        endpoints: { a: [good.port, bad.port] },
      }),
    );
    t.after(async () => {
      await proxy.stop();
      await Promise.all([good.stop(), bad.stop()]);
    });
    const client = await proxy.connect();
    for (let count = 0; count < 60; count++) {
      client.send(GET);
      assert.equal((await client.readResponse()).status, 200);
    }
    assert.ok(proxy.records.some(({ retries }) => retries === 1));
  });

  test('a POST is sent again for a status that is listed, and for no other', async (t) => {
    const listed = { ...POLICY, codes: [503] };
    const first = await setUp(t, { script: statuses(503, 200), retry: listed });
    assert.equal(await bodyOf(first.client, POST), '200/body');
    const policies = [
      { ...POLICY, on: ['5xx'] },
      { ...listed, nonIdempotent: 'never' },
    ] as const;
    for (const retry of policies) {
      const { client } = await setUp(t, { script: statuses(503, 200), retry });
      assert.equal(await bodyOf(client, POST), '503/body');
    }
  });

  test('a body beyond the limit is sent once', async (t) => {
    const small = { ...POLICY, codes: [500], maxBodyBytes: 3 };
    const { client } = await setUp(t, { script: statuses(500, 200), retry: small });
    assert.equal(await bodyOf(client, POST.replace('POST', 'PUT')), '500/body');
  });

  test('Retry-After is waited for when it is short, and respected as a no when it is long', async (t) => {
    const retry = { ...POLICY, codes: [503], honorRetryAfter: true };
    let after = 0;
    let count = 0;
    const script: Script = async (connection) => {
      for (;;) {
        await connection.readThrough('\r\n\r\n');
        const status = count++ % 2 === 0 ? 503 : 200;
        connection.send(
          `HTTP/1.1 ${status} X\r\nretry-after: ${after}\r\ncontent-length: 3\r\n\r\n${status}`,
        );
      }
    };
    const { client } = await setUp(t, { script, retry });
    assert.equal(await bodyOf(client, GET), '200');
    after = 60;
    assert.equal(await bodyOf(client, GET), '503');
  });
});

describe('time limits', () => {
  const silent: Script = async (connection) => {
    await connection.readThrough('\r\n\r\n');
  };

  test('the request timeout answers 504 and ends the try', async (t) => {
    const { client, backend, proxy } = await setUp(t, { script: silent, timeouts: { requestMs: 100 } });
    client.send(GET);
    assert.equal((await client.readResponse()).status, 504);
    assert.equal(proxy.records[0]?.reason, 'request_timeout');
    await backend.connections[0]?.waitForEnd();
  });

  test('the request timeout bounds all tries together', async (t) => {
    const retry = { ...POLICY, attempts: 100, on: ['per-try-timeout'] as const };
    const { client, proxy } = await setUp(t, {
      script: silent,
      retry,
      timeouts: { requestMs: 300, backendRequestMs: 50 },
    });
    client.send(GET);
    assert.equal((await client.readResponse()).status, 504);
    assert.equal(proxy.records[0]?.reason, 'request_timeout');
    assert.ok(proxy.records.some(({ retries }) => retries >= 2));
  });

  test('the backend timeout is retried, and answers 504 in the end', async (t) => {
    const retry = { ...POLICY, on: ['per-try-timeout'] as const };
    const { client, backend, proxy } = await setUp(t, {
      script: silent,
      retry,
      timeouts: { backendRequestMs: 60 },
    });
    client.send(GET);
    assert.equal((await client.readResponse()).status, 504);
    assert.equal(proxy.records[0]?.reason, 'backend_timeout');
    assert.equal(backend.connections.length, 3);
  });

  test('a stream without a byte either way ends; one with a byte now and then does not', async (t) => {
    const { client, proxy } = await setUp(t, {
      timeouts: { streamIdleMs: 400 },
      script: async (connection) => {
        await connection.readThrough('\r\n\r\n');
        connection.send('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
        for (let count = 0; count < 8; count++) {
          await new Promise((resolve) => setTimeout(resolve, 100));
          connection.send('1\r\nx\r\n');
        }
      },
    });
    client.send(GET);
    await client.waitForClose();
    assert.equal(client.received.match(/1\r\nx\r\n/g)?.length, 8);
    assert.equal(proxy.records[0]?.reason, 'stream_idle');
  });

  test('a connection that is never made answers 504 connect_timeout', async (t) => {
    const config = testConfig({ rules: [{ backends: [testBackend('a')] }], endpoints: { a: [] } });
    const [cluster] = config.clusters;
    assert.ok(cluster);
    const policy = { ...cluster.policy, connection: { ...cluster.policy.connection, connectTimeoutMs: 100 } };
    // TEST-NET-1 (RFC 5737) is routed nowhere; where a machine answers for it at once, the answer is connect_failed.
    const away = { address: '192.0.2.1', port: 9, state: 'ready', zone: null } as const;
    const proxy = await TestProxy.start({
      ...config,
      clusters: [{ ...cluster, policy }],
      endpoints: [{ cluster: cluster.id, endpoints: [away] }],
    });
    t.after(() => proxy.stop());
    const client = await proxy.connect();
    client.send(GET);
    const { status } = await client.readResponse();
    const reason = proxy.records[0]?.reason;
    assert.ok(
      (status === 504 && reason === 'connect_timeout') || (status === 503 && reason === 'connect_failed'),
    );
  });
});
