/** Policies that act on connections: at the port, before TLS, and on the rules of TCP, TLS and UDP routes. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type net from 'node:net';
import { suite, test, type TestContext } from 'node:test';
import tls from 'node:tls';
import { mintCertificate } from '../../test/support/certificates.ts';
import { https, l4Config, rule, tcpListener, udpListener } from '../../test/support/l4-config.ts';
import { answering, ScriptedBackend } from '../../test/support/scripted-backend.ts';
import { dial, echo, readAll, startTcpBackend, until } from '../../test/support/tcp-peers.ts';
import { dialTls } from '../../test/support/tls-client.ts';
import { tlsListener } from '../../test/support/tls-listener.ts';
import { startUdpBackend, UdpClient } from '../../test/support/udp-peers.ts';
import type { GatewayConfig } from '../ir/gateway-config.ts';
import type { PolicyValueOf } from '../ir/policy-value.ts';
import { SILENT_LOGGER } from '../telemetry/logger.ts';
import type { FilterDefinition } from './filter/definition.ts';
import { FilterTable } from './filter/filter-table.ts';
import { BUILT_IN_FILTERS } from './filter/filters.ts';
import type { ConnectionFilter } from './net/connection-filter.ts';
import { writeProxyHeader } from './net/proxy-protocol.ts';
import type { TransportAddress } from './net/transport.ts';
import type { Proxy } from './proxy-api.ts';
import { createProxy } from './proxy.ts';

type DoorPolicy = PolicyValueOf<'door', { readonly perClient: number; readonly denied: readonly string[] }>;

/** Refuses clients by address, and more than so many connections of one client. */
class Door implements ConnectionFilter {
  readonly kind = 'door';
  /** By address; shared with the door that takes its place when the policy changes. */
  readonly open: Map<string, number>;
  readonly #policy: DoorPolicy;

  constructor(policy: DoorPolicy, before: Door | null) {
    this.#policy = policy;
    this.open = before?.open ?? new Map<string, number>();
  }

  admit({ address }: TransportAddress): 'auth_denied' | 'overflow' | null {
    const { perClient, denied } = this.#policy.settings;
    const open = this.open.get(address) ?? 0;
    if (denied.includes(address)) return 'auth_denied';
    if (open >= perClient) return 'overflow';
    this.open.set(address, open + 1);
    return null;
  }
  closed({ address }: TransportAddress): void {
    this.open.set(address, (this.open.get(address) ?? 0) - 1);
  }
}

const doorsOf = (made: Door[]): FilterDefinition<DoorPolicy> => ({
  kind: 'door',
  stages: {},
  precedence: 'both',
  compile: () => ({}),
  connection: {
    stage: 'connection-limits',
    compile(policy, _deps, before) {
      const door = new Door(policy, before as Door | null);
      made.push(door);
      return door;
    },
  },
  describe: () => 'door',
});

const door = (settings: Partial<DoorPolicy['settings']>): readonly DoorPolicy[] => [
  { kind: 'door', settings: { perClient: 1_000, denied: [], ...settings }, from: [] },
];
const DENIED = door({ denied: ['127.0.0.1'] });
const OPEN = door({});

interface Running {
  readonly proxy: Proxy;
  readonly portOf: (number: number) => number;
  readonly apply: (config: GatewayConfig) => Promise<void>;
  /** Of the last configuration. */
  readonly problems: () => readonly string[];
  /** Every filter that was compiled. */
  readonly made: readonly Door[];
}

async function run(t: TestContext, config: GatewayConfig): Promise<Running> {
  const made: Door[] = [];
  const filters = new FilterTable([...BUILT_IN_FILTERS, doorsOf(made)]);
  const portMap = new Map(config.ports.map(({ number }) => [number, 0]));
  const proxy = createProxy(
    { logger: SILENT_LOGGER, observers: [], filters },
    { bindAddress: '127.0.0.1', portMap, reusePort: false },
  );
  t.after(() => proxy.stop());
  let bound = new Map<number, number>();
  let lastProblems: readonly string[] = [];
  const apply = async (next: GatewayConfig): Promise<void> => {
    const { ports, problems } = await proxy.apply([next]);
    lastProblems = problems.map(({ rule: { name }, message }) => `${name}: ${message}`);
    bound = new Map(ports.map(({ port, boundPort, error }) => [port, boundPort ?? assert.fail(error ?? '')]));
  };
  await apply(config);
  return {
    proxy,
    apply,
    problems: () => lastProblems,
    made,
    portOf: (number) => bound.get(number) ?? assert.fail('not bound'),
  };
}

/** The ports of `config` with these policies. */
const onPorts = (
  config: GatewayConfig,
  policies: GatewayConfig['ports'][number]['policies'],
): GatewayConfig => ({
  ...config,
  version: `${config.version} ${JSON.stringify(policies ?? null)}`,
  ports: config.ports.map((port) => ({ ...port, ...(policies === undefined ? {} : { policies }) })),
});

async function echoBackend(t: TestContext): Promise<number> {
  const backend = await startTcpBackend(echo);
  t.after(() => backend.close());
  return backend.port;
}

/** What a client gets that sends `text` and ends; null: it is reset. */
async function told(port: number, text: string | Buffer): Promise<string | null> {
  const client = dial(port);
  client.end(text);
  const answer = await readAll(client);
  client.destroy();
  return answer === null ? null : String(answer);
}

/** A connection that is known to be served, and stays open. */
async function served(port: number): Promise<net.Socket> {
  const client = dial(port);
  client.write('x');
  await once(client, 'data');
  return client;
}

suite('policies of a port', () => {
  test('refuse connections before a byte is read, over HTTP', async (t) => {
    const backend = await ScriptedBackend.start(answering('ok'));
    t.after(() => backend.stop());
    const certificate = await mintCertificate('ns/a', ['a.example']);
    const plain = { ...https('', certificate, 'web'), tls: null };
    const config = l4Config({ tcp: { 80: [plain] }, endpoints: { web: [backend.port] } });
    const running = await run(t, onPorts(config, DENIED));
    const client = dial(running.portOf(80));
    assert.equal(await readAll(client), null, 'reset without a word');
    assert.equal(running.proxy.stats().refused.auth_denied, 1);
    assert.equal(running.proxy.stats().downstream.openConnections, 0);
    await running.apply(config);
    const answer = await told(running.portOf(80), 'GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
    assert.match(answer ?? '', /^HTTP\/1.1 200 OK/);
  });

  test('refuse connections before TLS', async (t) => {
    const certificate = await mintCertificate('ns/a', ['a.example']);
    const config = l4Config({
      tcp: { 443: [https('a.example', certificate, 'web')] },
      certificates: [certificate],
      endpoints: { web: [] },
    });
    const running = await run(t, onPorts(config, DENIED));
    const { error } = await dialTls(running.portOf(443), { servername: 'a.example' });
    assert.equal(error, 'ECONNRESET');
    assert.ok(running.proxy.stats().tls.every(({ handshakes }) => handshakes === 0));
    assert.equal(running.proxy.stats().refused.auth_denied, 1);
  });

  test('know the client from the PROXY header of a trusted peer', async (t) => {
    const config = l4Config({
      tcp: { 5432: [tcpListener(rule('tcp', 'echo'))] },
      endpoints: { echo: [await echoBackend(t)] },
      settings: { acceptProxyProtocol: true, trustedCidrs: ['127.0.0.0/8'] },
    });
    const running = await run(t, onPorts(config, door({ denied: ['203.0.113.7'] })));
    const from = (address: string): Buffer => {
      const peers = { source: { address, port: 1 }, destination: { address: '198.51.100.1', port: 80 } };
      return Buffer.concat([writeProxyHeader('v2', { isGone: false, ...peers }), Buffer.from('hello')]);
    };
    assert.equal(await told(running.portOf(5432), from('203.0.113.8')), 'hello');
    assert.equal(await told(running.portOf(5432), from('203.0.113.7')), null);
  });

  test('count connections until they close, also of TLS', async (t) => {
    const certificate = await mintCertificate('ns/a', ['a.example']);
    const listener = tlsListener('a.example', ['a.example'], [certificate]);
    const config = l4Config({
      tcp: {
        443: [{ ...listener, hosts: [{ hostname: 'a.example', rule: rule('tls', 'echo') }] }],
        5432: [tcpListener(rule('tcp', 'echo'))],
      },
      certificates: [certificate],
      endpoints: { echo: [await echoBackend(t)] },
    });
    const running = await run(t, onPorts(config, door({ perClient: 1 })));
    const plain = running.portOf(5432);
    const first = await served(plain);
    assert.equal(await told(plain, 'no'), null);
    first.destroy();
    await until(() => running.made.every(({ open }) => (open.get('127.0.0.1') ?? 0) === 0));
    assert.equal(await told(plain, 'yes'), 'yes');
    const port = running.portOf(443);
    const secure = tls.connect({ port, servername: 'a.example', rejectUnauthorized: false });
    await once(secure, 'secureConnect');
    assert.equal((await dialTls(port, { servername: 'a.example' })).error, 'ECONNRESET');
    secure.destroy();
    await until(() => running.made.every(({ open }) => (open.get('127.0.0.1') ?? 0) === 0));
  });

  test('of listeners hold for the whole port, since no listener is known yet', async (t) => {
    const listener = { ...tcpListener(rule('tcp', 'echo')), policies: DENIED };
    const config = l4Config({ tcp: { 5432: [listener] }, endpoints: { echo: [await echoBackend(t)] } });
    const running = await run(t, config);
    assert.equal(await told(running.portOf(5432), 'no'), null);
    assert.equal(running.proxy.stats().refused.auth_denied, 1);
  });
});

suite('policies of layer-4 rules', () => {
  test('refuse connections of a TCPRoute, and reach no backend', async (t) => {
    const backend = await startTcpBackend(echo);
    t.after(() => backend.close());
    const relay = { ...rule('tcp', 'echo'), policies: DENIED };
    const config = l4Config({ tcp: { 5432: [tcpListener(relay)] }, endpoints: { echo: [backend.port] } });
    const running = await run(t, config);
    assert.equal(await told(running.portOf(5432), 'no'), null);
    assert.equal(backend.sockets.length, 0);
    assert.ok(running.proxy.stats().streams.some(({ byReason }) => byReason.auth_denied === 1));
  });

  test('refuse the server names of one TLSRoute, and no other', async (t) => {
    const certificate = await mintCertificate('ns/a', ['a.example', 'b.example']);
    const listener = tlsListener('', [], [certificate]);
    const hosts = [
      { hostname: 'a.example', rule: { ...rule('a', 'echo'), policies: DENIED } },
      { hostname: 'b.example', rule: { ...rule('b', 'echo'), policies: OPEN } },
    ];
    const running = await run(
      t,
      l4Config({
        tcp: { 443: [{ ...listener, hosts }] },
        certificates: [certificate],
        endpoints: { echo: [await echoBackend(t)] },
      }),
    );
    const port = running.portOf(443);
    const good = tls.connect({ port, servername: 'b.example', rejectUnauthorized: false });
    good.write('x');
    await once(good, 'data');
    good.destroy();
    const bad = tls.connect({ port, servername: 'a.example', rejectUnauthorized: false });
    bad.write('x');
    assert.notEqual(String((await readAll(bad)) ?? ''), 'x');
    assert.ok(running.proxy.stats().streams.some(({ byReason }) => byReason.auth_denied === 1));
  });

  test('drop datagrams of UDP flows; a flow is asked about once and counted until it ends', async (t) => {
    const backend = await startUdpBackend('udp');
    t.after(() => backend.close());
    const denied = { ...rule('denied', 'udp'), policies: DENIED };
    const counted = { ...rule('counted', 'udp'), policies: door({ perClient: 1 }) };
    const config = l4Config({
      udp: { 53: [udpListener(denied)], 54: [{ ...udpListener(counted), id: 'udp2' as never }] },
      endpoints: { udp: [backend.port] },
    });
    const running = await run(t, config);
    const [client, other] = [new UdpClient(), new UdpClient()];
    t.after(() => [client, other].forEach((each) => each.close()));
    client.send(running.portOf(53), 'no');
    assert.equal(await client.ask(running.portOf(54), 'one'), 'udp:one');
    assert.equal(await client.ask(running.portOf(54), 'two'), 'udp:two');
    other.send(running.portOf(54), 'three');
    await until(() => running.proxy.stats().streams.some(({ byReason }) => byReason.overflow === 1));
    assert.deepEqual(
      backend.received.map(({ text }) => text),
      ['one', 'two'],
    );
    assert.ok(running.proxy.stats().streams.some(({ byReason }) => byReason.auth_denied === 1));
    await running.apply({ ...config, ports: config.ports.slice(0, 1) });
    assert.ok(running.made.every(({ open }) => (open.get('127.0.0.1') ?? 0) === 0));
  });

  test('of a backend act on what is given to it, and equal ones of rule and backend once', async (t) => {
    const [backend] = rule('tcp', 'echo').backends;
    assert.ok(backend?.kind === 'cluster');
    const policies = door({ perClient: 1 });
    const both = { ...rule('tcp', { ...backend, policies }), policies };
    const closed = { ...rule('closed', { ...backend, policies: DENIED }) };
    const config = l4Config({
      tcp: { 1: [tcpListener(both)], 2: [{ ...tcpListener(closed), id: 'tcp2' as never }] },
      endpoints: { echo: [await echoBackend(t)] },
    });
    const running = await run(t, config);
    assert.equal(await told(running.portOf(1), 'yes'), 'yes');
    assert.equal(await told(running.portOf(2), 'no'), null);
  });
});

suite('updates of policies on connections', () => {
  test('keep the filter of a policy that stays, and its counts under one that changes', async (t) => {
    const config = l4Config({
      tcp: { 5432: [tcpListener(rule('tcp', 'echo'))] },
      endpoints: { echo: [await echoBackend(t)] },
    });
    const policies = door({ perClient: 2 });
    const running = await run(t, onPorts(config, policies));
    const first = await served(running.portOf(5432));
    await running.apply({ ...onPorts(config, policies), generation: 2 });
    assert.equal(running.made.length, 1);
    await running.apply(onPorts(config, door({ perClient: 1 })));
    assert.equal(running.made.length, 2);
    assert.equal(await told(running.portOf(5432), 'no'), null);
    first.destroy();
    await until(() => running.made.every(({ open }) => open.get('127.0.0.1') === 0));
    assert.equal(await told(running.portOf(5432), 'yes'), 'yes');
  });
});

suite('policies that cannot act on connections close what carries them', () => {
  const unable = [{ kind: 'cors', settings: {}, from: [] }];
  const unknown = [{ kind: 'captcha', settings: {}, from: [] }];

  for (const [name, policies, message] of [
    ['unknown', unknown, 'there is no filter of kind captcha'],
    ['of requests only', unable, 'a policy of kind cors cannot act on connections'],
  ] as const) {
    test(`kind ${name}: on a port, and on a rule`, async (t) => {
      const open = rule('tcp', 'echo');
      const closed = { ...rule('closed', 'echo'), policies };
      const ports = { 1: [tcpListener(open)], 2: [{ ...tcpListener(closed), id: 'tcp2' as never }] };
      const config = l4Config({ tcp: ports, endpoints: { echo: [await echoBackend(t)] } });
      const running = await run(t, config);
      assert.equal(await told(running.portOf(1), 'yes'), 'yes');
      assert.equal(await told(running.portOf(2), 'no'), null);
      assert.deepEqual(running.problems(), [`closed: ${message}`]);
      await running.apply(onPorts(config, policies));
      assert.equal(await told(running.portOf(1), 'no'), null);
      assert.deepEqual(running.problems(), [`tcp: ${message}`, `closed: ${message}`]);
    });
  }
});
