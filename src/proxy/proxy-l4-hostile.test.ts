/** Clients and backends that mean harm, or do not know better: nothing crashes, hangs or stays behind. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { afterEach, test } from 'node:test';
import fc from 'fast-check';
import { mintCertificate } from '../../test/support/certificates.ts';
import { realHello } from '../../test/support/client-hello.ts';
import { https, l4Config, rule, tcpListener, udpListener } from '../../test/support/l4-config.ts';
import { ScriptedBackend, answering } from '../../test/support/scripted-backend.ts';
import { dial, echo, readAll, startTcpBackend, until } from '../../test/support/tcp-peers.ts';
import { dialTls } from '../../test/support/tls-client.ts';
import { tlsListener } from '../../test/support/tls-listener.ts';
import { UdpClient, startUdpBackend } from '../../test/support/udp-peers.ts';
import { SILENT_LOGGER } from '../telemetry/logger.ts';
import { writeProxyHeader } from './net/proxy-protocol.ts';
import { DEFAULT_CLIENT_LIMITS } from '../ir/client-limits.ts';
import type { Proxy } from './proxy-api.ts';
import { createProxy } from './proxy.ts';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const HEAD_TIMEOUT_MS = 300;
const PEERS = { source: { address: '192.0.2.1', port: 1 }, destination: { address: '192.0.2.2', port: 2 } };

interface Target {
  readonly proxy: Proxy;
  readonly tls: number;
  readonly tcp: number;
  readonly udp: number;
}

/** A Gateway with a mixed TLS port, a TCP and a UDP port; `behindProxy`: PROXY headers are demanded. */
async function start(behindProxy = false): Promise<Target> {
  const certificate = await mintCertificate('ns/a', ['a.example']);
  const web = await ScriptedBackend.start(answering('ok'));
  const relayed = await startTcpBackend(echo);
  const udp = await startUdpBackend('udp');
  const through = tlsListener('*.through.example', []);
  const config = l4Config({
    tcp: {
      443: [
        https('', certificate, 'web'),
        { ...through, hosts: [{ hostname: '*.through.example', rule: rule('through', 'relayed') }] },
      ],
      5432: [tcpListener(rule('tcp', 'relayed'))],
    },
    udp: { 53: [udpListener(rule('udp', 'udp'))] },
    certificates: [certificate],
    endpoints: { web: [web.port], relayed: [relayed.port], udp: [udp.port] },
    settings: {
      acceptProxyProtocol: behindProxy,
      trustedCidrs: ['127.0.0.0/8'],
      limits: { ...DEFAULT_CLIENT_LIMITS, headTimeoutMs: HEAD_TIMEOUT_MS },
    },
  });
  const proxy = createProxy(
    { logger: SILENT_LOGGER, observers: [] },
    {
      bindAddress: '127.0.0.1',
      portMap: new Map(config.ports.map(({ number }) => [number, 0])),
      reusePort: false,
    },
  );
  const { ports } = await proxy.apply([config]);
  closers.push(
    () => relayed.close(),
    () => udp.close(),
    () => web.stop(),
    () => proxy.stop(),
  );
  const bound = (number: number): number => ports.find(({ port }) => port === number)?.boundPort ?? 0;
  return { proxy, tls: bound(443), tcp: bound(5432), udp: bound(53) };
}

/** A well-behaved client is still served, and no other connection is left. */
async function assertSound({ proxy, tls, udp }: Target): Promise<void> {
  await until(() => proxy.stats().downstream.openConnections === 0);
  const { socket, error } = await dialTls(tls, { servername: 'a.example' });
  assert.equal(error, null);
  socket.write('GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n');
  assert.match(String(await readAll(socket)), /^HTTP\/1\.1 200/);
  const client = new UdpClient();
  closers.push(() => client.close());
  assert.equal(await client.ask(udp, 'x'), 'udp:x');
}

/** Sends the pieces, ends or resets, and waits until the connection is gone. */
async function attack(port: number, pieces: readonly Uint8Array[], end: 'fin' | 'reset'): Promise<void> {
  const socket = dial(port);
  const gone = once(socket, 'close').catch(() => undefined);
  socket.on('end', () => socket.destroy());
  socket.resume();
  await once(socket, 'connect').catch(() => undefined);
  for (const piece of pieces) {
    if (!socket.writable) break;
    socket.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (end === 'fin') socket.end();
  else socket.resetAndDestroy();
  await gone;
}

const NOISE = fc.uint8Array({ minLength: 1, maxLength: 600 });
const END = fc.constantFrom('fin' as const, 'reset' as const);

test('any bytes, in any pieces, to a TLS port', async () => {
  const target = await start();
  await fc.assert(
    fc.asyncProperty(fc.array(NOISE, { minLength: 1, maxLength: 3 }), END, async (pieces, end) => {
      await attack(target.tls, pieces, end);
    }),
    { numRuns: 120 },
  );
  await assertSound(target);
});

test('real hellos with a few wrong bytes, cut anywhere', async () => {
  const target = await start();
  const hellos = [
    await realHello({ servername: 'a.example', ALPNProtocols: ['http/1.1'] }),
    await realHello({ servername: 'x.through.example' }),
  ];
  const edits = fc.array(fc.tuple(fc.nat(5_000), fc.nat(255)), { maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...hellos),
      edits,
      fc.nat(5_000),
      END,
      async (hello, wrong, cut, end) => {
        const bytes = Buffer.from(hello);
        for (const [at, value] of wrong) bytes.writeUInt8(value, at % bytes.length);
        await attack(target.tls, [bytes.subarray(0, 1 + (cut % bytes.length))], end);
      },
    ),
    { numRuns: 120 },
  );
  await assertSound(target);
});

test('handshakes that begin and then break off', async () => {
  const target = await start();
  const hello = await realHello({ servername: 'a.example' });
  for (let index = 0; index < 60; index++) {
    await attack(target.tls, [hello, randomBytes(1 + index * 7)], index % 2 === 0 ? 'fin' : 'reset');
  }
  await assertSound(target);
});

test('any bytes where a PROXY header is due, and after one', async () => {
  const target = await start(true);
  const headers = [
    writeProxyHeader('v1', PEERS),
    writeProxyHeader('v2', PEERS),
    writeProxyHeader('v2', null),
  ];
  const prefix = fc.oneof(fc.constantFrom(...headers), NOISE);
  await fc.assert(
    fc.asyncProperty(prefix, NOISE, END, async (first, second, end) => {
      await attack(target.tls, [first, second], end);
      await attack(target.tcp, [first, second], end);
    }),
    { numRuns: 60 },
  );
  await until(() => target.proxy.stats().downstream.openConnections === 0);
  const client = dial(target.tcp);
  client.end(Buffer.concat([writeProxyHeader('v2', PEERS), Buffer.from('hello')]));
  assert.equal(String(await readAll(client)), 'hello');
});

test('clients that say nothing, or say it slowly, are let go', async () => {
  const target = await start();
  const hello = await realHello({ servername: 'a.example' });
  const started = performance.now();
  const silent = Array.from({ length: 100 }, () => dial(target.tls));
  const dripping = dial(target.tls);
  let at = 0;
  const timer = setInterval(() => dripping.write(hello.subarray(at, ++at)), 20);
  const ends = [...silent, dripping].map((socket) => readAll(socket));
  await Promise.all(ends);
  clearInterval(timer);
  assert.ok(performance.now() - started >= HEAD_TIMEOUT_MS * 0.9);
  assert.equal(target.proxy.stats().tls[0]?.failures.timeout, 101);
  for (const socket of [...silent, dripping]) socket.destroy();
  await assertSound(target);
});

test('many connections at once are all served, and leave nothing behind', async () => {
  const target = await start();
  const clients = Array.from({ length: 300 }, async (_, index) => {
    const client = dial(target.tcp);
    client.end(`client ${index}`);
    assert.equal(String(await readAll(client)), `client ${index}`);
  });
  await Promise.all(clients);
  await assertSound(target);
  const streams = target.proxy.stats().streams.filter(({ protocol }) => protocol === 'tcp');
  assert.deepEqual(
    streams.map(({ total, active }) => [total, active]),
    [[300, 0]],
  );
});

test('noise to a UDP port reaches the backend unchanged, and does no harm', async () => {
  const target = await start();
  const client = new UdpClient();
  closers.push(() => client.close());
  for (let index = 0; index < 200; index++) client.send(target.udp, randomBytes(index));
  await assertSound(target);
});

test('connections in every state are closed by a stop, and counted until then', async () => {
  const target = await start();
  const hello = await realHello({ servername: 'a.example' });
  const relayed = dial(target.tcp);
  relayed.write('x');
  const silent = dial(target.tls);
  const handshaking = dial(target.tls);
  handshaking.write(hello);
  const refused = dial(target.tls);
  refused.write('GET / HTTP/1.1\r\n\r\n');
  const clients = [relayed, silent, handshaking, refused];
  await until(() => target.proxy.stats().downstream.openConnections === clients.length);
  assert.equal(target.proxy.stats().downstream.acceptedConnections, clients.length);
  const ends = clients.map((client) => readAll(client));
  await target.proxy.stop();
  await Promise.all(ends);
  for (const client of clients) client.destroy();
});
