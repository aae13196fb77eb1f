/** Retries × load balancers: every attempt goes to an endpoint that the request has not tried, whichever way endpoints are chosen. */
import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import {
  DEFAULT_CLUSTER_POLICY,
  type ClusterPolicy,
  type LoadBalancing,
  type RetryPolicy,
} from '../../src/ir/policy.ts';
import { testBackend, testCluster, testConfig, testEndpoint } from '../support/gateway-config.ts';
import type { RawClient } from '../support/raw-client.ts';
import { ScriptedBackend, answering, type Script } from '../support/scripted-backend.ts';
import { TestProxy } from '../support/test-proxy.ts';
import { closedPort } from '../support/tcp-peers.ts';

const ENDPOINTS = 4;
const REQUESTS = 12;

const RETRY: RetryPolicy = {
  attempts: 1,
  on: ['connect-failure', 'reset', 'retriable-codes', 'per-try-timeout'],
  codes: [503],
  grpcCodes: [],
  backoffMs: 1,
  maxBackoffMs: 1,
  honorRetryAfter: false,
  perTryTimeoutMs: 0,
  nonIdempotent: 'always',
  maxBodyBytes: 65_536,
};

const hash = (source: Extract<LoadBalancing, { kind: 'consistent-hash' }>['source']): LoadBalancing => ({
  kind: 'consistent-hash',
  source,
  tableSize: 65_537,
});

const BALANCERS: Readonly<Record<string, Partial<ClusterPolicy>>> = {
  'round-robin': { loadBalancing: { kind: 'round-robin' } },
  'least-request': { loadBalancing: { kind: 'least-request' } },
  random: { loadBalancing: { kind: 'random' } },
  'consistent hash of a header': { loadBalancing: hash({ kind: 'header', name: 'x-key' }) },
  'consistent hash of the client address': { loadBalancing: hash({ kind: 'source-ip' }) },
  'round-robin with slow start': { loadBalancing: { kind: 'round-robin' }, slowStartMs: 60_000 },
  'round-robin in the own zone first': {
    loadBalancing: { kind: 'round-robin' },
    preferLocal: { minEndpoints: 1, percent: 100 },
  },
};

/** Answers every request with this status. */
const failing =
  (status: number): Script =>
  async (connection) => {
    for (;;) {
      await connection.readThrough('\r\n\r\n');
      connection.send(`HTTP/1.1 ${String(status)} X\r\ncontent-length: 0\r\n\r\n`);
    }
  };

const hangingUp: Script = async (connection) => {
  await connection.readThrough('\r\n\r\n');
  connection.destroy();
};

const silent: Script = (connection) => connection.waitForClose();

/** How an endpoint fails; null = nothing listens there. */
const FAILURES: Readonly<
  Record<string, { readonly script: Script | null; readonly retry?: Partial<RetryPolicy> }>
> = {
  'a listed status': { script: failing(503) },
  'a reset': { script: hangingUp },
  'a refused connection': { script: null },
  'no response in time': { script: silent, retry: { perTryTimeoutMs: 100 } },
};

async function start(
  t: TestContext,
  policy: Partial<ClusterPolicy>,
  retry: Partial<RetryPolicy>,
  ports: readonly number[],
) {
  const proxy = await TestProxy.start(
    testConfig({
      rules: [{ backends: [testBackend('a')], retry: { ...RETRY, ...retry } }],
      clusters: [testCluster('a', { policy: { ...DEFAULT_CLUSTER_POLICY, ...policy } })],
      // The failing endpoint, which comes first, is alone in the zone of the proxy.
      endpoints: {
        a: ports.map((port, index) => ({ ...testEndpoint(port), zone: index === 0 ? 'here' : 'there' })),
      },
    }),
    {},
    { locality: { zone: 'here', node: '' } },
  );
  t.after(() => proxy.stop());
  return { proxy, client: await proxy.connect() };
}

async function ask(client: RawClient, key: number): Promise<number> {
  client.send(`GET / HTTP/1.1\r\nHost: a.example\r\nX-Key: ${String(key)}\r\n\r\n`);
  return (await client.readResponse()).status;
}

async function backendPort(t: TestContext, script: Script | null): Promise<number> {
  if (script === null) return closedPort();
  const backend = await ScriptedBackend.start(script);
  t.after(() => backend.stop());
  return backend.port;
}

suite('retries', () => {
  for (const [balancer, policy] of Object.entries(BALANCERS))
    for (const [failure, { script, retry = {} }] of Object.entries(FAILURES)) {
      test(`${balancer}: one retry is enough where one endpoint of ${String(ENDPOINTS)} has ${failure}`, async (t) => {
        const good = Array.from({ length: ENDPOINTS - 1 }, () => backendPort(t, answering('ok')));
        const ports = [await backendPort(t, script), ...(await Promise.all(good))];
        const { proxy, client } = await start(t, policy, retry, ports);
        for (let key = 0; key < REQUESTS; key++) assert.equal(await ask(client, key), 200);
        assert.ok(proxy.records.every(({ retries }) => retries <= 1));
        if (policy.preferLocal !== undefined) assert.ok(proxy.records.some(({ retries }) => retries === 1));
      });
    }

  for (const [balancer, policy] of Object.entries(BALANCERS)) {
    test(`${balancer}: with as many attempts as endpoints, each is asked once`, async (t) => {
      const backends = await Promise.all(
        Array.from({ length: ENDPOINTS }, () => ScriptedBackend.start(hangingUp)),
      );
      t.after(() => Promise.all(backends.map((backend) => backend.stop())));
      const ports = backends.map(({ port }) => port);
      const { proxy, client } = await start(t, policy, { attempts: ENDPOINTS - 1 }, ports);
      assert.equal(await ask(client, 1), 502);
      assert.deepEqual(
        backends.map(({ connections }) => connections.length),
        backends.map(() => 1),
      );
      assert.equal(proxy.records[0]?.retries, ENDPOINTS - 1);
    });
  }
});
