/** Endpoints that fail requests get none, over real sockets. How long they are out: outlier.test.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { healthConfig, healthLab, PASSIVE, ROUND_ROBIN } from '../../test/support/health-lab.ts';
import { l4Config, rule, tcpListener, udpListener } from '../../test/support/l4-config.ts';
import { closedPort, dial, echo, readAll, startTcpBackend, until } from '../../test/support/tcp-peers.ts';
import { testCluster, testEndpoint, testConfig, testBackend } from '../../test/support/gateway-config.ts';
import { startUdpBackend, UdpClient } from '../../test/support/udp-peers.ts';
import { DEFAULT_TIMEOUTS } from '../ir/policy.ts';
import { SILENT_LOGGER } from '../telemetry/logger.ts';
import type { Proxy } from './proxy-api.ts';
import { createProxy } from './proxy.ts';

const FIVES = { passiveCheck: PASSIVE };
const GATEWAY_ERRORS = { passiveCheck: { ...PASSIVE, consecutive5xx: 0, consecutiveGatewayErrors: 3 } };

test('one of three that answers 500 gets requests up to the threshold and then no more', async (t) => {
  const { backends, ask } = await healthLab(t, 3, FIVES);
  const [bad] = backends;
  assert.ok(bad);
  bad.conduct = 500;
  const statuses = await ask(60);
  assert.equal(statuses.filter((status) => status === 500).length, 3);
  assert.equal(bad.requests, 3);
});

test('bursts below the threshold eject no endpoint', async (t) => {
  const { backends, ask } = await healthLab(t, 2, FIVES);
  const [flapping] = backends;
  assert.ok(flapping);
  for (let round = 0; round < 10; round++) {
    flapping.conduct = 500;
    await ask(4);
    flapping.conduct = 200;
    await ask(2);
  }
  assert.ok(flapping.requests >= 20);
});

test('connections refused, reset and malformed answers count as gateway errors; so does a try that takes too long', async (t) => {
  const timeouts = { ...DEFAULT_TIMEOUTS, backendRequestMs: 60 };
  for (const conduct of ['reset', 'hang', 42] as const) {
    const { backends, ask } = await healthLab(t, 2, GATEWAY_ERRORS, { timeouts });
    const [bad] = backends;
    assert.ok(bad);
    bad.conduct = conduct;
    const failed = (await ask(30)).filter((status) => status !== 200);
    assert.equal(failed.length, 3, `${conduct}`);
    assert.equal(bad.requests, 3);
  }
  const { proxy, backends, ask } = await healthLab(t, 1, GATEWAY_ERRORS);
  await proxy.apply(healthConfig([backends[0]?.port ?? 0, await closedPort()], GATEWAY_ERRORS));
  await ask(30);
  assert.equal(proxy.records.filter(({ retries }) => retries > 0).length, 3);
});

test('neither a client that leaves nor the deadline of the request is the fault of an endpoint', async (t) => {
  const timeouts = { ...DEFAULT_TIMEOUTS, requestMs: 60 };
  const { proxy, backends, ask } = await healthLab(t, 2, GATEWAY_ERRORS, { timeouts });
  const [slow] = backends;
  assert.ok(slow);
  slow.conduct = 'hang';
  assert.equal((await ask(12)).filter((status) => status === 504).length, 6);
  for (let left = 0; left < 12; left++) {
    const seen = backends.reduce((sum, { requests }) => sum + requests, 0);
    const client = await proxy.connect();
    client.send('GET / HTTP/1.1\r\nHost: a.example\r\n\r\n');
    await until(() => backends.reduce((sum, { requests }) => sum + requests, 0) > seen);
    client.destroy();
  }
  slow.conduct = 200;
  const before = slow.requests;
  await ask(4);
  assert.equal(slow.requests, before + 2, 'it still gets its share');
});

test('all fail: the last one is never ejected, and clients see what it says', async (t) => {
  const { backends, ask, proxy } = await healthLab(t, 2, {
    passiveCheck: { ...PASSIVE, maxEjectionPercent: 100 },
    panicThresholdPercent: 0,
  });
  for (const backend of backends) backend.conduct = 500;
  const statuses = await ask(40);
  assert.ok(statuses.every((status) => status === 500));
  assert.deepEqual(
    backends
      .map(({ requests }) => requests)
      .toSorted((a, b) => a - b)
      .at(0),
    3,
  );
  assert.ok(proxy.records.every(({ reason }) => reason === null));
});

test('the panic threshold: below it an ejected endpoint is asked all the same', async (t) => {
  const everyone = { ...PASSIVE, maxEjectionPercent: 100 };
  for (const { panicThresholdPercent, isAsked } of [
    { panicThresholdPercent: 50, isAsked: false },
    { panicThresholdPercent: 51, isAsked: true },
    { panicThresholdPercent: 0, isAsked: false },
  ]) {
    const { backends, ask } = await healthLab(t, 2, { passiveCheck: everyone, panicThresholdPercent });
    const [bad] = backends;
    assert.ok(bad);
    bad.conduct = 503;
    await ask(20);
    assert.equal(bad.requests > 3, isAsked, `threshold ${panicThresholdPercent}`);
  }
});

test('what is known survives a change of the policy and of other endpoints; one that is removed starts over', async (t) => {
  const { backends, ask, proxy, config } = await healthLab(t, 3, FIVES);
  const [bad, good, other] = backends;
  assert.ok(bad && good && other);
  bad.conduct = 500;
  await ask(30);
  bad.conduct = 200;
  const known = bad.requests;
  assert.equal(known, 3);
  await proxy.apply(
    // No slow start: what is counted below is whole rounds.
    config({ ...FIVES, connection: { ...ROUND_ROBIN.connection, maxRequests: 7 } }),
  );
  await ask(12);
  assert.equal(bad.requests, known, 'the policy changed');
  const cluster = testCluster('a').id;
  proxy.proxy.applyEndpoints({ cluster, endpoints: [bad, good].map(({ port }) => testEndpoint(port)) });
  await ask(12);
  assert.equal(bad.requests, known, 'another endpoint left');
  proxy.proxy.applyEndpoints({ cluster, endpoints: [testEndpoint(good.port)] });
  await ask(2);
  proxy.proxy.applyEndpoints({ cluster, endpoints: [bad, good].map(({ port }) => testEndpoint(port)) });
  await ask(12);
  assert.equal(bad.requests, known + 6, 'it left and came back');
});

test('two Gateways with the same backend know the same', async (t) => {
  const { backends, ask, proxy } = await healthLab(t, 2, FIVES);
  const [bad] = backends;
  assert.ok(bad);
  const endpoints = { a: backends.map(({ port }) => port) };
  const policyOf = (tcpIdleTimeoutMs: number) => ({
    ...ROUND_ROBIN,
    ...FIVES,
    connection: { ...ROUND_ROBIN.connection, tcpIdleTimeoutMs },
  });
  const gateway = (name: string, hostname: string, tcpIdleTimeoutMs: number) =>
    testConfig({
      name,
      hostname,
      rules: [{ hostname, backends: [testBackend('a')] }],
      clusters: [testCluster('a', { policy: policyOf(tcpIdleTimeoutMs) })],
      endpoints,
    });
  await proxy.apply(gateway('one', 'a.example', 1), gateway('two', 'b.example', 2));
  bad.conduct = 500;
  await ask(20);
  assert.equal(bad.requests, 3);
  const client = await proxy.connect();
  for (let sent = 0; sent < 6; sent++) {
    client.send('GET / HTTP/1.1\r\nHost: b.example\r\n\r\n');
    assert.equal((await client.readResponse()).status, 200);
  }
  assert.equal(bad.requests, 3);
});

async function l4Proxy(
  t: { after(done: () => Promise<void>): void },
  transport: 'tcp' | 'udp',
  ports: readonly number[],
): Promise<{ proxy: Proxy; port: number }> {
  const relay = rule('relay', 'a');
  const listeners = transport === 'tcp' ? [tcpListener(relay)] : [udpListener(relay)];
  const config = l4Config({
    [transport]: { 9000: listeners },
    endpoints: { a: ports },
    clusters: { a: { protocol: transport, policy: { ...ROUND_ROBIN, ...GATEWAY_ERRORS } } },
  });
  const options = {
    bindAddress: '127.0.0.1',
    portMap: new Map([[9000, 0]]),
    reusePort: false,
  };
  const proxy = createProxy({ logger: SILENT_LOGGER, observers: [] }, options);
  t.after(() => proxy.stop());
  const applied = await proxy.apply([config]);
  return { proxy, port: applied.ports[0]?.boundPort ?? 0 };
}

test('TCP: an endpoint that refuses connections is not dialled for ever', async (t) => {
  const backend = await startTcpBackend(echo);
  t.after(() => backend.close());
  const { proxy, port } = await l4Proxy(t, 'tcp', [backend.port, await closedPort()]);
  for (let count = 0; count < 20; count++) {
    const client = dial(port);
    client.end('hello');
    assert.equal((await readAll(client))?.toString(), 'hello');
  }
  const [stats] = proxy.stats().clusters;
  assert.equal(stats?.connectFailures, 3);
});

test('UDP: an endpoint without a listener is ejected', async (t) => {
  const backend = await startUdpBackend('b');
  t.after(() => backend.close());
  const { proxy, port } = await l4Proxy(t, 'udp', [await closedPort(), backend.port]);
  const failures = (): number => proxy.stats().clusters[0]?.connectFailures ?? 0;
  for (let count = 0; count < 20; count++) {
    const before = failures();
    const client = new UdpClient();
    client.send(port, 'hello');
    await until(() => client.received.length > 0 || failures() > before);
    client.close();
  }
  assert.equal(failures(), 3);
  assert.ok(backend.received.length >= 17);
});
