/** Endpoints are asked how they are, over real sockets. When, and what an answer is taken for: endpoint-check.test.ts. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { createServer as createTlsServer } from 'node:https';
import { test, type TestContext } from 'node:test';
import { mint, testAuthority } from '../../test/support/certificates.ts';
import { testBackend, testCluster, testConfig, testEndpoint } from '../../test/support/gateway-config.ts';
import {
  CHECK_PATH,
  ConductBackend,
  HTTP_CHECK,
  ROUND_ROBIN,
  healthConfig,
  healthLab,
} from '../../test/support/health-lab.ts';
import { l4Config, rule, tcpListener } from '../../test/support/l4-config.ts';
import { ScriptedBackend } from '../../test/support/scripted-backend.ts';
import { closedPort, dial, echo, readAll, startTcpBackend, until } from '../../test/support/tcp-peers.ts';
import { TestProxy } from '../../test/support/test-proxy.ts';
import type { Cluster } from '../ir/cluster.ts';
import type { ActiveHealthCheck, ClusterPolicy } from '../ir/policy.ts';
import { SILENT_LOGGER } from '../telemetry/logger.ts';
import type { ClusterStats } from './upstream/cluster-stats.ts';
import type { Proxy } from './proxy-api.ts';
import { createProxy } from './proxy.ts';

const CHECKED = { activeCheck: HTTP_CHECK };

const statsOf = (proxy: Proxy): ClusterStats => proxy.stats().clusters[0] ?? assert.fail('no cluster');
/** Why endpoints are out. */
const causes = (proxy: Proxy): readonly string[] => statsOf(proxy).health.out.map(({ cause }) => cause);
const outOnce = (proxy: Proxy, count: number): Promise<void> => until(() => causes(proxy).length === count);

test('one of three whose checks fail gets no requests, and gets them again when they pass', async (t) => {
  const { proxy, backends, ask } = await healthLab(t, 3, CHECKED);
  const [bad] = backends;
  assert.ok(bad);
  for (const conduct of [503, 'reset', 'hang'] as const) {
    bad.checkConduct = conduct;
    await outOnce(proxy.proxy, 1);
    const before: number = bad.requests;
    assert.ok((await ask(12)).every((status) => status === 200));
    assert.equal(bad.requests, before, `${conduct}`);
    bad.checkConduct = 200;
    await outOnce(proxy.proxy, 0);
    await ask(3);
    assert.equal(bad.requests, before + 1);
  }
});

test('an endpoint that refuses connections is out before a request is sent to it', async (t) => {
  const { proxy, backends, ask } = await healthLab(t, 2, CHECKED);
  const ports = [...backends.map(({ port }) => port), await closedPort()];
  await proxy.apply(healthConfig(ports, CHECKED));
  await outOnce(proxy.proxy, 1);
  await ask(12);
  assert.equal(statsOf(proxy.proxy).connectFailures, 0);
  assert.match(statsOf(proxy.proxy).health.out[0]?.detail ?? '', /no connection/);
});

test('what is asked: path, method, host, headers; nothing about clients', async (t) => {
  const { backends, proxy, config } = await healthLab(t, 1, CHECKED);
  const [backend] = backends;
  assert.ok(backend);
  await backend.checked();
  const [first = ''] = backend.checks;
  assert.equal(
    first,
    `GET ${CHECK_PATH} HTTP/1.1\r\nhost: a.test.svc\r\nuser-agent: sluice-health-check\r\n\r\n`,
  );
  const probe = {
    ...HTTP_CHECK.probe,
    method: 'HEAD',
    hostname: 'checks.example',
    headers: [
      { name: 'X-Forwarded-Proto', value: 'https' },
      { name: 'User-Agent', value: 'mine' },
    ],
  } as ActiveHealthCheck['probe'];
  await proxy.apply(config({ activeCheck: { ...HTTP_CHECK, probe } }));
  await backend.checked();
  assert.equal(
    backend.checks.at(-1),
    `HEAD ${CHECK_PATH} HTTP/1.1\r\nhost: checks.example\r\nX-Forwarded-Proto: https\r\nUser-Agent: mine\r\n\r\n`,
  );
});

test('statuses: at the ends of what is expected, and beyond', async (t) => {
  for (const { conduct, passes } of [
    { conduct: 200, passes: true },
    { conduct: 399, passes: true },
    { conduct: 400, passes: false },
    { conduct: 418, passes: true },
    { conduct: 419, passes: false },
  ]) {
    const expected = [
      { start: 200, end: 399 },
      { start: 418, end: 418 },
    ];
    const probe = { ...HTTP_CHECK.probe, expected } as ActiveHealthCheck['probe'];
    const { proxy, backends } = await healthLab(t, 1, { activeCheck: { ...HTTP_CHECK, probe } });
    const [backend] = backends;
    assert.ok(backend);
    backend.checkConduct = conduct;
    // The checks of the old conduct may still be on their way.
    await backend.checked(HTTP_CHECK.unhealthyThreshold + 2);
    assert.equal(causes(proxy.proxy).length, passes ? 0 : 1, `${conduct}`);
  }
});

test('an answer that does not come to its end in time is no success', async (t) => {
  const backend = await ScriptedBackend.start(async (connection) => {
    await connection.readThrough('\r\n\r\n');
    connection.send('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhal');
    await connection.waitForClose();
  });
  t.after(() => backend.stop());
  const proxy = await TestProxy.start(
    healthConfig([backend.port], { activeCheck: { ...HTTP_CHECK, timeoutMs: 40 } }),
  );
  t.after(() => proxy.stop());
  await outOnce(proxy.proxy, 1);
  assert.match(statsOf(proxy.proxy).health.out[0]?.detail ?? '', /in time/);
});

test('all down: with panic they are asked all the same, without it the answer is no_healthy_endpoints', async (t) => {
  for (const panicThresholdPercent of [50, 0]) {
    const { proxy, backends, ask } = await healthLab(t, 2, { ...CHECKED, panicThresholdPercent });
    for (const backend of backends) backend.checkConduct = 500;
    await outOnce(proxy.proxy, 2);
    assert.equal(statsOf(proxy.proxy).health.isPanicking, panicThresholdPercent > 0);
    const [status] = await ask(1);
    assert.equal(status, panicThresholdPercent > 0 ? 200 : 503);
    assert.equal(proxy.records[0]?.reason, panicThresholdPercent > 0 ? null : 'no_healthy_endpoints');
  }
});

test('the checked port may be another one', async (t) => {
  const { backends, proxy, config, ask } = await healthLab(t, 2, {});
  const [serving, sidecar] = backends;
  assert.ok(serving && sidecar);
  const activeCheck = { ...HTTP_CHECK, port: sidecar.port };
  await proxy.apply(config({ activeCheck, panicThresholdPercent: 0 }, [serving]));
  await sidecar.checked();
  sidecar.checkConduct = 500;
  await outOnce(proxy.proxy, 1);
  assert.deepEqual(await ask(1), [503]);
  assert.equal(serving.checks.length, 0);
});

test('an endpoint is checked once for any number of Gateways and Services that ask the same', async (t) => {
  const backend = await ConductBackend.start(t);
  const policy: ClusterPolicy = { ...ROUND_ROBIN, activeCheck: { ...HTTP_CHECK, intervalMs: 60_000 } };
  const named = { ...HTTP_CHECK.probe, hostname: 'same.example' } as ActiveHealthCheck['probe'];
  const named_policy = { ...policy, activeCheck: { ...HTTP_CHECK, intervalMs: 60_000, probe: named } };
  const gateway = (name: string, cluster: string, over: Partial<ClusterPolicy>) =>
    testConfig({
      name,
      hostname: `${name}.example`,
      rules: [{ hostname: `${name}.example`, backends: [testBackend(cluster)] }],
      clusters: [testCluster(cluster, { policy: { ...named_policy, ...over } })],
      endpoints: { [cluster]: [backend.port] },
    });
  const configs = [
    gateway('one', 'a', {}),
    gateway('two', 'a', { slowStartMs: 1 }),
    gateway('three', 'b', {}),
  ];
  const proxy = await TestProxy.start(configs[0] ?? assert.fail());
  t.after(() => proxy.stop());
  await proxy.apply(...configs);
  const passed = (): readonly number[] =>
    proxy.proxy.stats().clusters.map(({ health }) => health.checks.passed);
  await until(() => passed().some((count) => count > 0));
  assert.equal(backend.checks.length, 1);
});

test('verdicts survive swaps, other policies and other endpoints; a changed threshold too', async (t) => {
  const { proxy, backends, config, ask } = await healthLab(t, 3, CHECKED);
  const [bad, good, leaving] = backends;
  assert.ok(bad && good && leaving);
  bad.checkConduct = 500;
  await outOnce(proxy.proxy, 1);
  const requests = bad.requests;
  const slow = { ...HTTP_CHECK, intervalMs: 60_000 };
  for (const policy of [
    { ...CHECKED, slowStartMs: 1 },
    { activeCheck: slow },
    { activeCheck: { ...slow, unhealthyThreshold: 100 } },
  ]) {
    await proxy.apply(config(policy));
    assert.deepEqual(causes(proxy.proxy), ['check_failing'], JSON.stringify(policy));
  }
  const cluster = testCluster('a').id;
  proxy.proxy.applyEndpoints({ cluster, endpoints: [bad, good].map(({ port }) => testEndpoint(port)) });
  assert.deepEqual(causes(proxy.proxy), ['check_failing']);
  await ask(12);
  assert.equal(bad.requests, requests);
  await proxy.apply(config({}));
  assert.deepEqual(causes(proxy.proxy), [], 'without a check there is no verdict');
});

test('a first success can be asked for, and a swap waits for it', async (t) => {
  const { proxy, backends, config, ask } = await healthLab(t, 2, {});
  const [good, bad] = backends;
  assert.ok(good && bad);
  bad.checkConduct = 500;
  const client = await proxy.connect();
  await proxy.apply(
    config({ activeCheck: { ...HTTP_CHECK, intervalMs: 60_000, requireInitialSuccess: true } }),
  );
  client.destroy();
  assert.deepEqual(causes(proxy.proxy), ['check_pending']);
  assert.deepEqual(await ask(6), Array<number>(6).fill(200));
  assert.equal(bad.requests, 0);
});

test('checks that hang hold neither a swap nor the end of the proxy up', async (t) => {
  const hanging = await ScriptedBackend.start(async (connection) => connection.waitForClose());
  t.after(() => hanging.stop());
  const activeCheck = { ...HTTP_CHECK, timeoutMs: 100, requireInitialSuccess: true };
  const proxy = await TestProxy.start(healthConfig([hanging.port], { activeCheck }));
  await proxy.apply(healthConfig([hanging.port], { activeCheck: { ...activeCheck, timeoutMs: 60_000 } }));
  await proxy.proxy.drain(1_000);
  await proxy.stop();
  for (const connection of hanging.connections) await connection.waitForClose();
});

test('TLS: checks go through the settings of the cluster, and a certificate of another name fails them', async (t) => {
  const { certificatePem: caPem } = await testAuthority();
  const leaf = await mint(['api.example']);
  const server = createTlsServer({ cert: leaf.certificatePem, key: leaf.keyPem }, (request, response) => {
    response.end(request.headers.host);
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  for (const { hostname, passes } of [
    { hostname: 'api.example', passes: true },
    { hostname: 'other.example', passes: false },
  ]) {
    for (const probe of [HTTP_CHECK.probe, { kind: 'tcp' } as const]) {
      const policy = { ...ROUND_ROBIN, activeCheck: { ...HTTP_CHECK, probe } };
      const tls = { hostname, caPem, subjectAltNames: [], clientCertificate: null };
      const proxy = await TestProxy.start(
        testConfig({
          rules: [{ backends: [testBackend('a')] }],
          clusters: [testCluster('a', { policy, tls })],
          endpoints: { a: [port] },
        }),
      );
      const count = (): number => {
        const { passed, ...failed } = statsOf(proxy.proxy).health.checks;
        return passes ? passed : Object.values(failed).reduce((sum, one) => sum + one, 0);
      };
      await until(() => count() >= 2);
      assert.equal(causes(proxy.proxy).length, passes ? 0 : 1);
      await proxy.stop();
    }
  }
});

/** A server of grpc.health.v1 that answers what it is told to. */
async function grpcHealthServer(
  t: TestContext,
  answer: (stream: ServerHttp2Stream, service: string) => void,
) {
  const server = createServer();
  server.on('stream', (stream, headers) => {
    const chunks: Buffer[] = [];
    stream.on('error', () => undefined);
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      assert.equal(headers[':path'], '/grpc.health.v1.Health/Check');
      assert.equal(headers['content-type'], 'application/grpc');
      assert.equal(headers['te'], 'trailers');
      const message = Buffer.concat(chunks).subarray(5);
      answer(stream, message.subarray(2).toString());
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** HealthCheckResponse with this status, or none; then trailers. */
function answerGrpc(stream: ServerHttp2Stream, serving: number | null, status: number): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': String(status) }));
  if (serving !== null) stream.write(Buffer.from([0, 0, 0, 0, 2, 8, serving]));
  stream.end();
}

test('gRPC: SERVING passes; everything else fails, and says as what', async (t) => {
  const cases: readonly (readonly [string, (stream: ServerHttp2Stream) => void, RegExp | null])[] = [
    ['serving', (stream) => answerGrpc(stream, 1, 0), null],
    ['not serving', (stream) => answerGrpc(stream, 2, 0), /NOT_SERVING/],
    ['no message', (stream) => answerGrpc(stream, null, 0), /malformed/],
    [
      'unimplemented',
      (stream) => stream.respond({ ':status': 200, 'grpc-status': '12' }, { endStream: true }),
      /12/,
    ],
    ['an HTTP error', (stream) => stream.respond({ ':status': 503 }, { endStream: true }), /503/],
    ['reset', (stream) => stream.close(2), /closed/],
  ];
  for (const [name, answer, detail] of cases) {
    const asked: string[] = [];
    const port = await grpcHealthServer(t, (stream, service) => {
      asked.push(service);
      answer(stream);
    });
    const probe = { kind: 'grpc', service: 'shop.v1.Cart' } as const;
    const config = healthConfig([port], { activeCheck: { ...HTTP_CHECK, probe } });
    const proxy = await TestProxy.start(config);
    await until(() => asked.length >= HTTP_CHECK.unhealthyThreshold + 1);
    assert.ok(asked.every((service) => service === 'shop.v1.Cart'));
    const [out] = statsOf(proxy.proxy).health.out;
    await proxy.stop();
    if (detail === null) assert.equal(out, undefined, name);
    else assert.match(out?.detail ?? '', detail, name);
  }
});

test('HTTP checks of a cluster that speaks HTTP/2 are made over HTTP/2', async (t) => {
  const server = createServer((request, response) => {
    assert.equal(request.url, CHECK_PATH);
    assert.equal(request.headers[':authority'], 'a.test.svc');
    response.end('ok');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const cluster: Partial<Cluster> = { protocol: 'h2', policy: { ...ROUND_ROBIN, ...CHECKED } };
  const proxy = await TestProxy.start(
    testConfig({
      rules: [{ backends: [testBackend('a')] }],
      clusters: [testCluster('a', cluster)],
      endpoints: { a: [port] },
    }),
  );
  t.after(() => proxy.stop());
  await until(() => statsOf(proxy.proxy).health.checks.passed >= 2);
});

test('TCP: connections go only where one can be made', async (t) => {
  const backend = await startTcpBackend(echo);
  t.after(() => backend.close());
  const activeCheck: ActiveHealthCheck = { ...HTTP_CHECK, probe: { kind: 'tcp' } };
  const config = l4Config({
    tcp: { 9000: [tcpListener(rule('relay', 'a'))] },
    endpoints: { a: [backend.port, await closedPort()] },
    clusters: { a: { protocol: 'tcp', policy: { ...ROUND_ROBIN, activeCheck } } },
  });
  const options = {
    bindAddress: '127.0.0.1',
    portMap: new Map([[9000, 0]]),
    reusePort: false,
  };
  const proxy = createProxy({ logger: SILENT_LOGGER, observers: [] }, options);
  t.after(() => proxy.stop());
  const applied = await proxy.apply([config]);
  await outOnce(proxy, 1);
  for (let count = 0; count < 6; count++) {
    const client = dial(applied.ports[0]?.boundPort ?? 0);
    client.end('hello');
    assert.equal((await readAll(client))?.toString(), 'hello');
  }
  assert.equal(statsOf(proxy).connectFailures, 0);
});
