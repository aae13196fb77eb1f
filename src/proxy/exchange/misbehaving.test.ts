/** Backends that misbehave beside one that does not: what a retry may cure costs no client anything, and the rest has its reason. */
import assert from 'node:assert/strict';
import { createServer, type AddressInfo } from 'node:net';
import { describe, test, type TestContext } from 'node:test';
import { DEFAULT_CLUSTER_POLICY, type PassiveHealthCheck, type RetryPolicy } from '../../ir/policy.ts';
import { CODE, goAway, headers, rstStream } from '../../../test/support/h2-frames.ts';
import { H2Peer } from '../../../test/support/h2-peer.ts';
import { testBackend, testCluster, testConfig } from '../../../test/support/gateway-config.ts';
import { PASSIVE } from '../../../test/support/health-lab.ts';
import type { RawClient } from '../../../test/support/raw-client.ts';
import { ScriptedBackend, answering, type Script } from '../../../test/support/scripted-backend.ts';
import { TestProxy } from '../../../test/support/test-proxy.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a.example\r\n\r\n';
const REQUESTS = 30;

const RETRY: RetryPolicy = {
  attempts: 2,
  on: ['connect-failure', 'refused-stream', 'reset', 'gateway-error', 'per-try-timeout'],
  codes: [],
  grpcCodes: [],
  backoffMs: 1,
  maxBackoffMs: 1,
  honorRetryAfter: false,
  perTryTimeoutMs: 100,
  nonIdempotent: 'before-send',
  maxBodyBytes: 0,
};

interface Setup {
  readonly scripts: readonly Script[];
  readonly alsoPorts?: readonly number[];
  readonly retry?: Partial<RetryPolicy> | null;
  readonly streamIdleMs?: number;
  readonly connectTimeoutMs?: number;
  readonly protocol?: 'http1' | 'h2';
  readonly passiveCheck?: PassiveHealthCheck;
}

async function setUp(t: TestContext, setup: Setup) {
  const backends = await Promise.all(setup.scripts.map((script) => ScriptedBackend.start(script)));
  const { connection } = DEFAULT_CLUSTER_POLICY;
  const policy = {
    ...DEFAULT_CLUSTER_POLICY,
    loadBalancing: { kind: 'round-robin' },
    connection: { ...connection, connectTimeoutMs: setup.connectTimeoutMs ?? connection.connectTimeoutMs },
    passiveCheck: setup.passiveCheck ?? null,
  } as const;
  const proxy = await TestProxy.start(
    testConfig({
      rules: [
        {
          backends: [testBackend('a')],
          retry: setup.retry === null ? null : { ...RETRY, ...setup.retry },
          timeouts: { requestMs: 0, backendRequestMs: 0, streamIdleMs: setup.streamIdleMs ?? 300_000 },
        },
      ],
      clusters: [testCluster('a', { policy, protocol: setup.protocol ?? 'http1' })],
      endpoints: { a: [...backends.map(({ port }) => port), ...(setup.alsoPorts ?? [])] },
    }),
  );
  t.after(async () => {
    await proxy.stop();
    for (const backend of backends) await backend.stop();
  });
  return { proxy, backends, client: await proxy.connect() };
}

async function statuses(client: RawClient, count = REQUESTS): Promise<ReadonlySet<number>> {
  const seen = new Set<number>();
  for (let sent = 0; sent < count; sent++) {
    client.send(GET);
    seen.add((await client.readResponse()).status);
  }
  return seen;
}

/** Does this with each request. */
const onRequest =
  (act: (connection: RawClient, request: number) => void): Script =>
  async (connection) => {
    for (let request = 1; ; request++) {
      await connection.readThrough('\r\n\r\n');
      act(connection, request);
    }
  };

const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const silent = onRequest(() => undefined);

describe('one of two misbehaves, and a retry cures it', () => {
  const curable: Readonly<Record<string, Script>> = {
    'accepts and hangs': silent,
    'sends its head too slowly': onRequest((connection) => connection.send('HTTP/1.1 200 OK\r\n')),
    'resets before its head': onRequest((connection) => connection.socket.resetAndDestroy()),
    'closes before its head': onRequest((connection) => connection.destroy()),
    'closes within its head': onRequest((connection) => {
      connection.send('HTTP/1.1 200 OK\r\ncontent-le');
      connection.end();
    }),
    'is half-open: it ends its side and says nothing': async (connection) => {
      connection.end();
      await connection.waitForClose();
    },
    'sends no HTTP': onRequest((connection) => connection.send('SSH-2.0-OpenSSH_9.6\r\n\r\n')),
    'has two lengths that differ': onRequest((connection) =>
      connection.send('HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok'),
    ),
    'answers 503 in bursts': onRequest((connection, request) =>
      connection.send(request % 4 < 2 ? ok : 'HTTP/1.1 503 X\r\ncontent-length: 0\r\n\r\n'),
    ),
    'flaps: every other connection is closed at once': async (connection, number) => {
      if (number % 2 === 0) connection.destroy();
      else {
        await connection.readThrough('\r\n\r\n');
        connection.send(ok);
        connection.end();
      }
    },
  };
  for (const [what, script] of Object.entries(curable)) {
    test(what, async (t) => {
      const { client, proxy } = await setUp(t, { scripts: [script, answering('ok')] });
      const count = what.includes('hangs') || what.includes('slowly') ? 6 : REQUESTS;
      assert.deepEqual([...(await statuses(client, count))], [200]);
      assert.ok(
        proxy.records.every(({ reason }) => reason === null),
        'no answer is the gateway’s own',
      );
    });
  }

  test('refuses connections', async (t) => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const { client } = await setUp(t, { scripts: [answering('ok')], alsoPorts: [port] });
    assert.deepEqual([...(await statuses(client))], [200]);
  });

  test('one of three answers after a hundred times as long: a limit of one try keeps it from clients', async (t) => {
    const slow: Script = async (connection) => {
      for (;;) {
        await connection.readThrough('\r\n\r\n');
        setTimeout(() => connection.send(ok), 400).unref();
      }
    };
    const { client, proxy } = await setUp(t, { scripts: [answering('ok'), slow, answering('ok')] });
    assert.deepEqual([...(await statuses(client, 9))], [200]);
    assert.ok(proxy.records.some(({ retries }) => retries === 1));
  });
});

describe('nothing to be cured', () => {
  test('all are down: the last failure and its reason, after all of them were asked', async (t) => {
    const closing = onRequest((connection) => connection.destroy());
    const { client, proxy } = await setUp(t, { scripts: [closing, closing, closing] });
    client.send(GET);
    assert.equal((await client.readResponse()).status, 502);
    assert.deepEqual([proxy.records[0]?.reason, proxy.records[0]?.retries], ['upstream_reset', 2]);
  });

  test('tries beyond the number of endpoints go round: none is asked three times while another was asked once', async (t) => {
    const closing = onRequest((connection) => connection.destroy());
    const retry = { attempts: 5 };
    const { client, backends } = await setUp(t, { scripts: [closing, closing, closing], retry });
    for (let sent = 1; sent <= 10; sent++) {
      client.send(GET);
      assert.equal((await client.readResponse()).status, 502);
      assert.deepEqual(
        backends.map(({ connections }) => connections.length),
        [2 * sent, 2 * sent, 2 * sent],
      );
    }
  });

  const afterHead: Readonly<Record<string, (connection: RawClient) => void>> = {
    'a reset': (connection) => connection.socket.resetAndDestroy(),
    'a close before the length that was said': (connection) => connection.end(),
  };
  for (const [what, act] of Object.entries(afterHead)) {
    test(`${what} after the head is never retried: the client's answer breaks off`, async (t) => {
      const script: Script = async (connection) => {
        await connection.readThrough('\r\n\r\n');
        connection.send('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf');
        await connection.waitFor('never sent').catch(() => undefined);
      };
      const { client, proxy, backends } = await setUp(t, { scripts: [script, script] });
      client.send(GET);
      await client.readThrough('half');
      const [connection] = backends.flatMap(({ connections }) => connections);
      assert.ok(connection !== undefined);
      act(connection);
      await client.waitForClose();
      assert.deepEqual([proxy.records[0]?.reason, proxy.records[0]?.retries], ['upstream_reset', 0]);
      assert.equal(client.received, '');
    });
  }

  test('an endpoint whose answers break off is ejected, on connections that have served as well', async (t) => {
    const script = onRequest((connection, request) => {
      connection.send(request === 1 ? ok : 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf');
      if (request > 1) connection.end();
    });
    const passiveCheck = { ...PASSIVE, consecutive5xx: 1 };
    const { client, proxy } = await setUp(t, {
      scripts: [script, answering('ok')],
      passiveCheck,
      retry: null,
    });
    let broken = 0;
    for (let sent = 0, current = client; sent < REQUESTS; sent++) {
      current.send(GET);
      try {
        await current.readResponse();
      } catch {
        broken++;
        current = await proxy.connect();
      }
    }
    assert.equal(broken, 1);
  });

  test('more bytes than were said: the answer stands, and the connection is not used again', async (t) => {
    const script = onRequest((connection) =>
      connection.send(`${ok}HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil`),
    );
    const { client, backends } = await setUp(t, { scripts: [script] });
    for (let count = 0; count < 3; count++) {
      client.send(GET);
      assert.equal((await client.readResponse()).body, 'ok');
    }
    assert.equal(backends[0]?.connections.length, 3);
  });

  test('a body that stops coming: streamIdle ends it', async (t) => {
    const script = onRequest((connection) =>
      connection.send('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf'),
    );
    const { client, proxy } = await setUp(t, { scripts: [script], streamIdleMs: 120, retry: null });
    client.send(GET);
    await client.readThrough('half');
    await client.waitForClose();
    assert.equal(proxy.records[0]?.reason, 'stream_idle');
  });
});

describe('HTTP/2', () => {
  test('a stream that is reset with an error is retried where that is safe', async (t) => {
    const script: Script = async (connection, number) => {
      const peer = await H2Peer.accept(connection);
      for (let stream = 1; ; stream += 2) {
        await peer.fields(stream);
        if (number === 1 && stream === 1) peer.send(rstStream(stream, CODE.internalError));
        else peer.send(headers(stream, [[':status', '204']], true));
      }
    };
    const { client, proxy } = await setUp(t, { scripts: [script], protocol: 'h2' });
    assert.deepEqual([...(await statuses(client, 4))], [204]);
    assert.equal(proxy.records[0]?.retries, 1);
  });

  test('a stream that is reset on a connection that has served is no dead connection: without a policy it is not retried', async (t) => {
    const script: Script = async (connection) => {
      const peer = await H2Peer.accept(connection);
      await peer.fields(1);
      peer.send(headers(1, [[':status', '204']], true));
      await peer.fields(3);
      peer.send(rstStream(3, CODE.internalError));
      await peer.fields(5);
    };
    const passiveCheck = { ...PASSIVE, consecutive5xx: 1 };
    const setup = { scripts: [script, script], protocol: 'h2', retry: null, passiveCheck } as const;
    const { client, backends } = await setUp(t, setup);
    const seen: number[] = [];
    for (let sent = 0; sent < 3; sent++) {
      client.send(GET);
      seen.push((await client.readResponse()).status);
    }
    assert.deepEqual(seen, [204, 204, 502]);
    assert.deepEqual(
      backends.map(({ connections }) => connections.length),
      [1, 1],
    );
  });

  test('GOAWAY with every answer: each request gets one all the same', async (t) => {
    const script: Script = async (connection) => {
      const peer = await H2Peer.accept(connection);
      await peer.fields(1);
      peer.send(goAway(1, CODE.noError), headers(1, [[':status', '204']], true));
    };
    const { client } = await setUp(t, { scripts: [script, script], protocol: 'h2' });
    assert.deepEqual([...(await statuses(client, 10))], [204]);
  });

  test('GOAWAY that leaves the request out: another connection, whatever the method', async (t) => {
    const script: Script = async (connection, number) => {
      const peer = await H2Peer.accept(connection);
      await peer.fields(1);
      if (number === 1) peer.send(goAway(0, CODE.noError));
      else peer.send(headers(1, [[':status', '204']], true));
    };
    const { client, proxy } = await setUp(t, { scripts: [script], protocol: 'h2', retry: null });
    client.send('POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 0\r\n\r\n');
    assert.equal((await client.readResponse()).status, 204);
    assert.equal(proxy.records[0]?.retries, 1);
  });
});
