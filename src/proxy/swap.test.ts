/** Changes of configuration while requests are under way, draining and stopping. */
import assert from 'node:assert/strict';
import { createServer, type AddressInfo } from 'node:net';
import { describe, test, type TestContext } from 'node:test';
import { DEFAULT_CLIENT_LIMITS, type ClientLimits } from '../ir/client-limits.ts';
import type { GatewayConfig } from '../ir/gateway-config.ts';
import { clusterId } from '../ir/ids.ts';
import { testBackend, testConfig, testEndpoint } from '../../test/support/gateway-config.ts';
import { ScriptedBackend, answering, type Script } from '../../test/support/scripted-backend.ts';
import { TestProxy } from '../../test/support/test-proxy.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a.example\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

async function backend(t: TestContext, script: Script | null): Promise<ScriptedBackend> {
  const started = await ScriptedBackend.start(script);
  t.after(() => started.stop());
  return started;
}

async function proxyOf(t: TestContext, config: GatewayConfig): Promise<TestProxy> {
  const started = await TestProxy.start(config);
  t.after(() => started.stop());
  return started;
}

const to = (port: number, name = 'a'): GatewayConfig =>
  testConfig({ rules: [{ backends: [testBackend(name)] }], endpoints: { [name]: [port] } });

describe('a swap', () => {
  test('a thousand of them under load fail no request and close no connection', async (t) => {
    const blue = await backend(t, answering('blue'));
    const green = await backend(t, answering('green'));
    const proxy = await proxyOf(t, to(blue.port));
    const { port } = proxy;
    let isOver = false;
    let served = 0;
    const load = async (): Promise<void> => {
      const client = await proxy.connect();
      while (!isOver) {
        client.send(GET);
        const { status, body } = await client.readResponse();
        assert.equal(status, 200);
        assert.ok(body === 'blue' || body === 'green');
        served++;
      }
      client.destroy();
    };
    const clients = Array.from({ length: 8 }, load);
    for (let count = 0; count < 1_000; count++) {
      // Every other swap renames the cluster, so that its connections go too.
      await proxy.apply(count % 2 === 0 ? to(green.port) : to(blue.port, 'b'));
      assert.equal(proxy.port, port);
      await new Promise(setImmediate);
    }
    isOver = true;
    await Promise.all(clients);
    assert.ok(served > 1_000, `${served} requests`);
    assert.equal(proxy.proxy.stats().downstream.acceptedConnections, 8);
  });

  test('a request in flight finishes on what it began with, the next one is served by the new', async (t) => {
    const old = await backend(t, null);
    const next = await backend(t, answering('new'));
    const proxy = await proxyOf(t, to(old.port));
    const client = await proxy.connect();
    client.send(GET);
    const upstream = await old.connection();
    await upstream.readThrough('\r\n\r\n');
    await proxy.apply(to(next.port, 'b'));
    upstream.send(OK);
    assert.equal((await client.readResponse()).body, 'ok');
    await upstream.waitForEnd();
    client.send(GET);
    assert.equal((await client.readResponse()).body, 'new');
  });

  test('an unchanged cluster keeps its connections', async (t) => {
    const a = await backend(t, answering('a'));
    const proxy = await proxyOf(t, to(a.port));
    const client = await proxy.connect();
    for (let count = 0; count < 5; count++) {
      client.send(GET);
      await client.readResponse();
      await proxy.apply(to(a.port));
    }
    assert.equal(a.connections.length, 1);
  });

  test('a listener that is gone accepts no more, and tells its clients to go', async (t) => {
    const a = await backend(t, answering('a'));
    const proxy = await proxyOf(t, to(a.port));
    const { port } = proxy;
    const client = await proxy.connect();
    client.send(GET);
    await client.readResponse();
    await proxy.proxy.apply([]);
    await client.waitForEnd();
    // The port is free again.
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
    await new Promise((resolve) => server.close(resolve));
  });

  test('Gateways share a port; the most specific hostname wins', async (t) => {
    const a = await backend(t, answering('any'));
    const b = await backend(t, answering('exact'));
    const any = testConfig({
      name: 'one',
      rules: [{ backends: [testBackend('a')] }],
      endpoints: { a: [a.port] },
    });
    const exact = testConfig({
      name: 'two',
      hostname: 'b.example',
      rules: [{ backends: [testBackend('b')] }],
      endpoints: { b: [b.port] },
    });
    const proxy = await proxyOf(t, any);
    await proxy.apply(any, exact);
    const client = await proxy.connect();
    client.send(GET);
    assert.equal((await client.readResponse()).body, 'any');
    client.send(GET.replace('a.example', 'b.example'));
    assert.equal((await client.readResponse()).body, 'exact');
    assert.deepEqual(
      proxy.records.map(({ labels }) => labels.gateway?.name),
      ['one', 'two'],
    );
  });

  test('a port that cannot be bound is a result, not a failure of the others', async (t) => {
    const a = await backend(t, answering('a'));
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    t.after(() => taken.close());
    const { port } = taken.address() as AddressInfo;
    const proxy = await proxyOf(t, to(a.port));
    const blocked = testConfig({ name: 'blocked', port, rules: [] });
    const { ports } = await proxy.proxy.apply([to(a.port), blocked]);
    assert.deepEqual(
      ports.map(({ dataPlane, error }) => [dataPlane, error === null]),
      [
        ['gateway/test/gateway', true],
        ['gateway/test/blocked', false],
      ],
    );
    assert.match(ports[1]?.error ?? '', /EADDRINUSE.*another process/);
    const client = await proxy.connect();
    client.send(GET);
    assert.equal((await client.readResponse()).status, 200);
  });
});

test('an invalid pattern is reported with its rule until it is removed', async (t) => {
  const a = await backend(t, answering('a'));
  const path = { kind: 'regex', pattern: '(?<=x)y' } as const;
  const config = testConfig({
    rules: [{ match: { path }, backends: [testBackend('a')] }, { backends: [testBackend('a')] }],
    endpoints: { a: [a.port] },
  });
  const proxy = await proxyOf(t, to(a.port));
  const { problems } = await proxy.proxy.apply([config]);
  assert.deepEqual(
    problems.map(({ dataPlane, rule: { name, index } }) => [dataPlane, name, index]),
    [[config.dataPlane, config.rules[0]?.origin.name, 0]],
  );
  assert.match(
    problems[0]?.message ?? '',
    /^the regular expression "\(\?<=x\)y" is invalid and matches nothing: /,
  );
  const client = await proxy.connect();
  client.send(GET);
  assert.equal((await client.readResponse()).status, 200, 'the rule beside it is served');
  assert.deepEqual((await proxy.proxy.apply([to(a.port)])).problems, []);
});

describe('endpoints', () => {
  test('a change reaches the next request and keeps what stays', async (t) => {
    const a = await backend(t, answering('a'));
    const b = await backend(t, answering('b'));
    const proxy = await proxyOf(t, to(a.port));
    const client = await proxy.connect();
    const ask = async (): Promise<string> => {
      client.send(GET);
      return (await client.readResponse()).body;
    };
    assert.equal(await ask(), 'a');
    const set = (...ports: number[]): void =>
      proxy.proxy.applyEndpoints({ cluster: clusterId('a'), endpoints: ports.map(testEndpoint) });
    set(a.port, b.port);
    const seen = new Set<string>();
    for (let count = 0; count < 40; count++) seen.add(await ask());
    assert.deepEqual([...seen].sort(), ['a', 'b']);
    assert.equal(a.connections.length, 1);
    set(b.port);
    for (let count = 0; count < 10; count++) assert.equal(await ask(), 'b');
    await a.connections[0]?.waitForEnd();
    set();
    client.send(GET);
    assert.equal((await client.readResponse()).status, 503);
  });

  test('draining ones take requests only when nothing is ready', async (t) => {
    const a = await backend(t, answering('a'));
    const b = await backend(t, answering('b'));
    const proxy = await proxyOf(t, to(a.port));
    const client = await proxy.connect();
    const draining = { ...testEndpoint(a.port), state: 'draining' } as const;
    proxy.proxy.applyEndpoints({ cluster: clusterId('a'), endpoints: [draining, testEndpoint(b.port)] });
    for (let count = 0; count < 10; count++) {
      client.send(GET);
      assert.equal((await client.readResponse()).body, 'b');
    }
    proxy.proxy.applyEndpoints({ cluster: clusterId('a'), endpoints: [draining] });
    client.send(GET);
    assert.equal((await client.readResponse()).body, 'a');
  });

  test('a host name is resolved by the proxy', async (t) => {
    const a = await backend(t, answering('named'));
    const config = to(1);
    const [cluster] = config.clusters;
    assert.ok(cluster);
    const discovery = { kind: 'dns', hostname: 'localhost', port: a.port } as const;
    const proxy = await proxyOf(t, { ...config, clusters: [{ ...cluster, discovery }], endpoints: [] });
    const client = await proxy.connect();
    client.send(GET);
    assert.equal((await client.readResponse()).body, 'named');
  });
});

describe('draining', () => {
  test('idle connections close, busy ones finish and are told to go', async (t) => {
    const a = await backend(t, null);
    const proxy = await proxyOf(t, to(a.port));
    const idle = await proxy.connect();
    const busy = await proxy.connect();
    busy.send(GET);
    const upstream = await a.connection();
    await upstream.readThrough('\r\n\r\n');
    const drained = proxy.proxy.drain(10_000);
    await idle.waitForEnd();
    idle.end();
    upstream.send(OK);
    const response = await busy.readResponse();
    assert.equal(response.header('connection'), 'close');
    busy.end();
    await drained;
    assert.equal(proxy.proxy.stats().downstream.openConnections, 0);
  });

  test('its deadline ends the wait', async (t) => {
    const a = await backend(t, null);
    const proxy = await proxyOf(t, to(a.port));
    const busy = await proxy.connect();
    busy.send(GET);
    await (await a.connection()).readThrough('\r\n\r\n');
    await proxy.proxy.drain(50);
    await proxy.stop();
    await busy.waitForEnd();
  });
});

describe('limits of clients', () => {
  const limited = (backendPort: number, limits: Partial<ClientLimits>, name = 'gateway'): GatewayConfig =>
    testConfig({
      name,
      rules: [{ backends: [testBackend('a')] }],
      endpoints: { a: [backendPort] },
      settings: { limits: { ...DEFAULT_CLIENT_LIMITS, ...limits } },
    });
  const POST = 'POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 20\r\n\r\n';

  test('a change applies to new connections; open ones keep theirs', async (t) => {
    const { port } = await backend(t, answering('ok'));
    const proxy = await proxyOf(t, limited(port, {}));
    const open = await proxy.connect();
    open.send(GET);
    await open.readResponse();
    await proxy.apply(limited(port, { bodyBytes: 10 }));
    const late = await proxy.connect();
    late.send(POST);
    assert.equal((await late.readResponse()).status, 413);
    open.send(POST);
    assert.equal((await open.readResponse()).status, 200);
  });

  test('Gateways that share a port: each limit is the strictest, and 0 is none', async (t) => {
    const { port } = await backend(t, answering('ok'));
    const proxy = await proxyOf(t, limited(port, { bodyBytes: 10, targetBytes: 1_000 }));
    await proxy.apply(
      limited(port, { bodyBytes: 10, targetBytes: 1_000 }),
      limited(port, { bodyBytes: 0, targetBytes: 300 }, 'other'),
    );
    const client = await proxy.connect();
    client.send(POST);
    assert.equal((await client.readResponse()).status, 413);
    const second = await proxy.connect();
    second.send(`GET /${'a'.repeat(300)} HTTP/1.1\r\nHost: a.example\r\n\r\n`);
    assert.equal((await second.readResponse()).status, 414);
  });

  test('connections are counted by port', async (t) => {
    const { port } = await backend(t, answering('ok'));
    const proxy = await proxyOf(t, limited(port, { connections: 1 }));
    const first = await proxy.connect();
    first.send(GET);
    assert.equal((await first.readResponse()).status, 200);
    const second = await proxy.connect();
    await second.waitForEnd();
    await proxy.apply(limited(port, { connections: 2 }));
    const third = await proxy.connect();
    third.send(GET);
    assert.equal((await third.readResponse()).status, 200);
  });
});
