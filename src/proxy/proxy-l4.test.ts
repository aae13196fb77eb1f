import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { afterEach, test } from 'node:test';
import tls from 'node:tls';
import { mint, mintCertificate, testAuthority } from '../../test/support/certificates.ts';
import {
  https,
  invalidBackend,
  l4Config,
  rule,
  tcpListener,
  udpListener,
} from '../../test/support/l4-config.ts';
import { testBackend } from '../../test/support/gateway-config.ts';
import { ScriptedBackend, answering } from '../../test/support/scripted-backend.ts';
import { closedPort, dial, echo, readAll, startTcpBackend, until } from '../../test/support/tcp-peers.ts';
import { dialTls, exchange } from '../../test/support/tls-client.ts';
import { tlsListener } from '../../test/support/tls-listener.ts';
import { UdpClient, startUdpBackend } from '../../test/support/udp-peers.ts';
import type { GatewayConfig } from '../ir/gateway-config.ts';
import { SILENT_LOGGER } from '../telemetry/logger.ts';
import { writeProxyHeader } from './net/proxy-protocol.ts';
import type { Proxy } from './proxy-api.ts';
import { createProxy } from './proxy.ts';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface Running {
  readonly proxy: Proxy;
  /** The port that is bound for this port of the configuration. */
  readonly portOf: (number: number) => number;
  readonly apply: (config: GatewayConfig) => Promise<void>;
}

async function run(config: GatewayConfig): Promise<Running> {
  const proxy = createProxy(
    { logger: SILENT_LOGGER, observers: [] },
    {
      bindAddress: '127.0.0.1',
      portMap: new Map(config.ports.map(({ number }) => [number, 0])),
      reusePort: false,
    },
  );
  closers.push(() => proxy.stop());
  let bound = new Map<number, number>();
  const apply = async (next: GatewayConfig): Promise<void> => {
    const { ports } = await proxy.apply([next]);
    bound = new Map(ports.map(({ port, boundPort, error }) => [port, boundPort ?? assert.fail(error ?? '')]));
  };
  await apply(config);
  return { proxy, apply, portOf: (number) => bound.get(number) ?? assert.fail('not bound') };
}

async function http(body: string): Promise<number> {
  const backend = await ScriptedBackend.start(answering(body));
  closers.push(() => backend.stop());
  return backend.port;
}

async function tcp(onConnection: (socket: net.Socket) => void): Promise<number> {
  const backend = await startTcpBackend(onConnection);
  closers.push(() => backend.close());
  return backend.port;
}

/** Status of a GET over a connection that asked for `serverName`. */
async function status(port: number, serverName: string | null, host: string): Promise<number> {
  const { socket, error } = await dialTls(port, serverName === null ? {} : { servername: serverName });
  assert.equal(error, null);
  socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  const answer = String(await readAll(socket));
  socket.destroy();
  return Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);
}

// Listeners and cases of the conformance test HTTPRouteHTTPSListenerDetectMisdirectedRequests.
test("421: a request on another listener's connection is misdirected, an unknown host is not found", async () => {
  const certificate = await mintCertificate('ns/a', ['example.org', '*.wildcard.org']);
  const any = https('', certificate, 'v1');
  const [virtualHost] = any.virtualHosts;
  assert.ok(virtualHost);
  const listeners = [
    { ...any, virtualHosts: [{ ...virtualHost, hostname: 'example.org' }] },
    https('second-example.org', certificate, 'v2'),
    https('*.wildcard.org', certificate, 'v3'),
    https('fourth-example.wildcard.org', certificate, 'v1'),
  ];
  const endpoints = { v1: [await http('v1')], v2: [await http('v2')], v3: [await http('v3')] };
  const running = await run(l4Config({ tcp: { 443: listeners }, certificates: [certificate], endpoints }));
  const port = running.portOf(443);
  const cases: [serverName: string | null, host: string, expected: number][] = [
    ['example.org', 'example.org', 200],
    ['example.org', 'second-example.org', 421],
    ['example.org', 'unknown-example.org', 404],
    ['second-example.org', 'second-example.org', 200],
    ['second-example.org', 'example.org', 421],
    ['second-example.org', 'unknown-example.org', 421],
    ['third-example.wildcard.org', 'third-example.wildcard.org', 200],
    ['third-example.wildcard.org', 'fith-example.wildcard.org', 200],
    ['third-example.wildcard.org', 'fourth-example.wildcard.org', 421],
    ['third-example.wildcard.org', 'second-example.org', 421],
    ['third-example.wildcard.org', 'unknown-example.org', 421],
    ['fourth-example.wildcard.org', 'fourth-example.wildcard.org', 200],
    ['fourth-example.wildcard.org', 'fith-example.wildcard.org', 421],
    ['unknown-example.org', 'example.org', 200],
    ['unknown-example.org', 'unknown-example.org', 404],
    // Beyond the conformance test: a client without a server name has the connection of the listener for any name.
    [null, 'example.org', 200],
    [null, 'second-example.org', 421],
  ];
  for (const [serverName, host, expected] of cases) {
    assert.equal(await status(port, serverName, host), expected, `${serverName ?? 'no name'} ${host}`);
  }
  const [stats] = running.proxy.stats().tls;
  assert.deepEqual(stats && [stats.port, stats.handshakes], [443, cases.length]);
});

test('HTTPS, terminated, passed-through TLS, TCP and UDP listeners share a Gateway', async () => {
  const certificate = await mintCertificate('ns/a', ['web.example', 'db.example']);
  const behind = await mint(['x.through.example']);
  const secure = tls.createServer({ cert: behind.certificatePem, key: behind.keyPem }, (socket) => {
    socket.end(`sni ${String((socket as { readonly servername?: string }).servername)}`);
  });
  const udp = await startUdpBackend('udp');
  closers.push(() => udp.close());
  const through = tlsListener('*.through.example', ['*.through.example']);
  const db = tlsListener('db.example', ['db.example'], [certificate]);
  const config = l4Config({
    tcp: {
      443: [
        https('web.example', certificate, 'web'),
        { ...db, hosts: [{ hostname: 'db.example', rule: rule('db', 'echo') }] },
        { ...through, hosts: [{ hostname: '*.through.example', rule: rule('through', 'secure') }] },
      ],
      5432: [tcpListener(rule('tcp', 'echo'))],
    },
    udp: { 53: [udpListener(rule('udp', 'udp'))] },
    certificates: [certificate],
    endpoints: {
      web: [await http('web')],
      echo: [await tcp(echo)],
      secure: [await tcp((socket) => void secure.emit('connection', socket))],
      udp: [udp.port],
    },
  });
  const { portOf, proxy } = await run(config);
  assert.equal(await status(portOf(443), 'web.example', 'web.example'), 200);

  const terminated = await dialTls(portOf(443), { servername: 'db.example' });
  assert.equal(await exchange(terminated.socket, 'select 1'), 'select 1');
  terminated.socket.destroy();

  const { certificatePem: ca } = await testAuthority();
  const passed = await dialTls(portOf(443), {
    servername: 'x.through.example',
    ca,
    rejectUnauthorized: true,
  });
  assert.equal(passed.error, null);
  assert.equal(String(await readAll(passed.socket)), 'sni x.through.example');

  const plain = dial(portOf(5432));
  plain.end('hello');
  assert.equal(String(await readAll(plain)), 'hello');

  const client = new UdpClient();
  closers.push(() => client.close());
  assert.equal(await client.ask(portOf(53), 'query'), 'udp:query');

  const streams = proxy.stats().streams.map(({ protocol, rule: by, total }) => [protocol, by?.name, total]);
  assert.deepEqual(streams, [
    ['tls', 'db', 1],
    ['tls', 'through', 1],
    ['tcp', 'tcp', 1],
    ['udp', 'udp', 1],
  ]);
});

test('a client that ends before its backend is connected is heard to the end', async () => {
  const certificate = await mintCertificate('ns/a', ['db.example']);
  const db = tlsListener('db.example', ['db.example'], [certificate]);
  const ended = [Promise.withResolvers<string>(), Promise.withResolvers<string>()];
  let index = 0;
  const record = (socket: net.Socket): void => {
    const heard = ended[index++];
    let received = '';
    socket.on('data', (chunk) => (received += chunk.toString()));
    socket.on('end', () => heard?.resolve(received));
  };
  const config = l4Config({
    tcp: {
      443: [{ ...db, hosts: [{ hostname: 'db.example', rule: rule('db', 'backend') }] }],
      5432: [tcpListener(rule('tcp', 'backend'))],
    },
    certificates: [certificate],
    endpoints: { backend: [await closedPort(), await tcp(record)] },
    settings: { acceptProxyProtocol: true, trustedCidrs: ['127.0.0.0/8'] },
  });
  const { portOf } = await run(config);
  const header = writeProxyHeader('v2', null);
  const plain = dial(portOf(5432));
  plain.end(Buffer.concat([header, Buffer.from('early')]));
  assert.equal(await ended[0]?.promise, 'early');

  const raw = dial(portOf(443));
  await once(raw, 'connect');
  raw.write(header);
  const secure = tls.connect({ socket: raw, servername: 'db.example', rejectUnauthorized: false });
  await once(secure, 'secureConnect');
  secure.end();
  assert.equal(await ended[1]?.promise, '');
});

test('TCP and TLS rules that have no valid backend, and listeners without a route, reset', async () => {
  const nowhere = { hostname: 'a.example', rule: rule('nowhere', invalidBackend()) };
  const config = l4Config({
    tcp: {
      1: [tcpListener(rule('invalid', invalidBackend()))],
      2: [tcpListener(null)],
      3: [{ ...tlsListener('a.example', []), hosts: [nowhere] }],
    },
  });
  const { portOf } = await run(config);
  for (const number of [1, 2]) {
    const client = dial(portOf(number));
    const [error] = (await once(client, 'error')) as [NodeJS.ErrnoException];
    assert.equal(error.code, 'ECONNRESET');
  }
  const { error } = await dialTls(portOf(3), { servername: 'a.example' });
  assert.equal(error, 'ECONNRESET');
});

test('PROXY headers are read from trusted peers, required of them, and from no one else', async () => {
  const peers = {
    source: { address: '203.0.113.7', port: 4711 },
    destination: { address: '198.51.100.1', port: 80 },
  };
  const certificate = await mintCertificate('ns/a', ['a.example']);
  const heard: string[] = [];
  const web = await tcp((socket) => {
    socket.on('data', (chunk: Buffer) => {
      heard.push(/x-forwarded-for: ([^\r]*)/i.exec(chunk.toString())?.[1] ?? '');
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    });
  });
  const config = (trustedCidrs: readonly string[]): GatewayConfig =>
    l4Config({
      tcp: {
        443: [https('', certificate, 'web')],
      },
      certificates: [certificate],
      endpoints: {
        web: [web],
      },
      settings: { acceptProxyProtocol: true, trustedCidrs },
    });
  const trusting = await run(config(['127.0.0.0/8']));
  for (const version of ['v1', 'v2'] as const) {
    const header = writeProxyHeader(version, peers);
    const raw = net.connect({ port: trusting.portOf(443), host: '127.0.0.1' });
    // Every byte of its own: the header ends in the middle of nothing in particular.
    for (const byte of header) raw.write(Buffer.from([byte]));
    const { socket, error } = await dialTls(0, { socket: raw, servername: 'a.example' });
    assert.equal(error, null);
    socket.write('GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n');
    assert.match(String(await readAll(socket)), /^HTTP\/1\.1 200/);
  }
  assert.deepEqual(heard, ['203.0.113.7', '203.0.113.7']);

  const without = await dialTls(trusting.portOf(443), { servername: 'a.example' });
  assert.equal(without.error, 'ECONNRESET');
  assert.equal(trusting.proxy.stats().refused.bad_request, 1);

  const distrusting = await run(config(['10.0.0.0/8']));
  assert.equal(await status(distrusting.portOf(443), 'a.example', 'a.example'), 200);
  const forger = dial(distrusting.portOf(443));
  forger.end(writeProxyHeader('v1', peers));
  assert.equal(String(await readAll(forger)), '');
});

test('a swap changes where new connections go and keeps the ones that are there', async () => {
  const [one, two] = [await tcp(echo), await tcp((socket) => void socket.end('two'))];
  const config = (cluster: string): GatewayConfig =>
    l4Config({
      tcp: { 5432: [tcpListener(rule('tcp', cluster))] },
      endpoints: { one: [one], two: [two] },
    });
  const running = await run(config('one'));
  const before = running.portOf(5432);
  const client = dial(before);
  client.write('x');
  await once(client, 'data');
  await running.apply(config('two'));
  assert.equal(running.portOf(5432), before);
  const next = dial(before);
  assert.equal(String(await readAll(next)), 'two');
  client.write('still one');
  assert.equal(String((await once(client, 'data'))[0]), 'still one');
  client.destroy();
});

test('what a new configuration does not permit any more ends with it: route removed, reference refused', async () => {
  const talker = await startUdpBackend('udp');
  closers.push(() => talker.close());
  const endpoints = { one: [await tcp(echo)], udp: [talker.port] };
  const config = (
    relay: ReturnType<typeof rule> | null,
    udp: ReturnType<typeof rule> | null,
  ): GatewayConfig =>
    l4Config({ tcp: { 5432: [tcpListener(relay)] }, udp: { 53: [udpListener(udp)] }, endpoints });
  const served = config(rule('tcp', 'one'), rule('udp', 'udp'));
  const refused = { ...invalidBackend(), origin: testBackend('one').origin };
  for (const next of [config(null, null), config(rule('tcp', refused), null)]) {
    const running = await run(served);
    const client = dial(running.portOf(5432));
    client.write('x');
    await once(client, 'data');
    const asker = new UdpClient();
    closers.push(() => asker.close());
    await asker.ask(running.portOf(53), 'x');
    const ended = readAll(client);
    await running.apply(next);
    assert.equal(String(await ended), '');
    client.destroy();
    const before = asker.received.length;
    const from = talker.received.at(-1)?.from ?? 0;
    talker.socket.send('late', from, '127.0.0.1');
    assert.equal(await asker.ask(running.portOf(53), 'again', 50), null);
    assert.equal(asker.received.length, before);
  }
});

test('TCP and UDP of one number are one port with two servers, which come and go by themselves', async () => {
  const talker = await startUdpBackend('udp');
  closers.push(() => talker.close());
  const endpoints = { one: [await tcp(echo)], udp: [talker.port] };
  const tcpPort = { 53: [tcpListener(rule('tcp', 'one'))] };
  const udpPort = { 53: [udpListener(rule('udp', 'udp'))] };
  const { proxy } = await run(l4Config({ tcp: tcpPort, udp: udpPort, endpoints }));
  const apply = async (config: GatewayConfig): Promise<ReadonlyMap<string, number | null>> => {
    const { ports } = await proxy.apply([config]);
    return new Map(ports.map(({ transport, boundPort }) => [transport, boundPort]));
  };
  const both = await apply(l4Config({ tcp: tcpPort, udp: udpPort, endpoints }));
  const client = dial(both.get('tcp') ?? 0);
  client.write('x');
  assert.equal(String((await once(client, 'data'))[0]), 'x');
  const asker = new UdpClient();
  closers.push(() => asker.close());
  assert.equal(await asker.ask(both.get('udp') ?? 0, '1'), 'udp:1');

  const onlyTcp = await apply(l4Config({ tcp: tcpPort, endpoints }));
  assert.deepEqual([...onlyTcp], [['tcp', both.get('tcp')]]);
  assert.equal(await asker.ask(both.get('udp') ?? 0, '2', 50), null);
  client.write('y');
  assert.equal(String((await once(client, 'data'))[0]), 'y');

  const again = await apply(l4Config({ tcp: tcpPort, udp: udpPort, endpoints }));
  assert.equal(again.get('tcp'), both.get('tcp'));
  assert.equal(await asker.ask(again.get('udp') ?? 0, '3'), 'udp:3');
  client.destroy();
});

test('a port changes from HTTP over TLS to TCP without being bound again', async () => {
  const certificate = await mintCertificate('ns/a', ['a.example']);
  const endpoints = { web: [await http('web')], echo: [await tcp(echo)] };
  const certificates = [certificate];
  const running = await run(
    l4Config({ tcp: { 443: [https('', certificate, 'web')] }, certificates, endpoints }),
  );
  const port = running.portOf(443);
  assert.equal(await status(port, 'a.example', 'a.example'), 200);
  await running.apply(l4Config({ tcp: { 443: [tcpListener(rule('tcp', 'echo'))] }, endpoints }));
  assert.equal(running.portOf(443), port);
  const client = dial(port);
  client.end('raw');
  assert.equal(String(await readAll(client)), 'raw');
});

test('draining waits for relayed connections, and lets go of clients that have said nothing', async () => {
  const certificate = await mintCertificate('ns/a', ['a.example']);
  const config = l4Config({
    tcp: { 443: [https('', certificate, 'web')], 5432: [tcpListener(rule('tcp', 'echo'))] },
    certificates: [certificate],
    endpoints: { web: [await http('web')], echo: [await tcp(echo)] },
  });
  const { proxy, portOf } = await run(config);
  const silent = dial(portOf(443));
  const client = dial(portOf(5432));
  client.write('x');
  await once(client, 'data');
  await until(() => proxy.stats().downstream.openConnections === 2);
  const ended = readAll(silent);
  const drained = proxy.drain(60_000);
  assert.equal(String(await ended), '');
  await until(() => proxy.stats().downstream.openConnections === 1);
  client.end();
  await drained;
  silent.destroy();
});
