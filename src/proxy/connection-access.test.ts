/** AccessPolicies of TCP, TLS and UDP rules, over sockets. */
import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import { accessPolicy, accessValue, type TestAccessPolicy } from '../../test/support/access-policies.ts';
import { l4Config, rule, tcpListener, udpListener } from '../../test/support/l4-config.ts';
import { dial, echo, readAll, startTcpBackend, until } from '../../test/support/tcp-peers.ts';
import { startUdpBackend, UdpClient } from '../../test/support/udp-peers.ts';
import type { GatewayConfig } from '../ir/gateway-config.ts';
import type { PolicyValue } from '../ir/policy-value.ts';
import { SILENT_LOGGER } from '../telemetry/logger.ts';
import { writeProxyHeader } from './net/proxy-protocol.ts';
import type { Proxy } from './proxy-api.ts';
import { createProxy } from './proxy.ts';

const LOOPBACK = ['127.0.0.0/8'];
const OFFICE = ['203.0.113.0/24'];

const value = (...policies: readonly TestAccessPolicy[]): readonly PolicyValue[] => [
  accessValue(...policies.map(accessPolicy)),
];
const ALLOWED = value({ rules: [{ clientCidrs: LOOPBACK }] });
const REFUSED = value({ name: 'office', rules: [{ clientCidrs: OFFICE }] });

interface Running {
  readonly proxy: Proxy;
  readonly portOf: (number: number) => number;
}

async function run(t: TestContext, config: GatewayConfig): Promise<Running> {
  const portMap = new Map(config.ports.map(({ number }) => [number, 0]));
  const proxy = createProxy(
    { logger: SILENT_LOGGER, observers: [] },
    { bindAddress: '127.0.0.1', portMap, reusePort: false },
  );
  t.after(() => proxy.stop());
  const { ports } = await proxy.apply([config]);
  const bound = new Map(ports.map(({ port, boundPort }) => [port, boundPort]));
  return { proxy, portOf: (number) => bound.get(number) ?? assert.fail('not bound') };
}

/** One TCP port for each policy, in order from 1. */
async function runTcp(
  t: TestContext,
  policies: readonly (readonly PolicyValue[])[],
  settings: Partial<GatewayConfig['settings']> = {},
): Promise<Running & { readonly connections: () => number }> {
  let connections = 0;
  const backend = await startTcpBackend((socket) => {
    connections++;
    echo(socket);
  });
  t.after(() => backend.close());
  const listeners = policies.map((own, index) => ({
    ...tcpListener({ ...rule(`tcp${String(index)}`, 'echo'), policies: own }),
    id: `tcp${String(index)}` as never,
  }));
  const tcp = Object.fromEntries(listeners.map((listener, index) => [index + 1, [listener]]));
  const running = await run(t, l4Config({ tcp, endpoints: { echo: [backend.port] }, settings }));
  return { ...running, connections: () => connections };
}

/** What a client gets that sends this and ends; null: it is reset. */
async function told(port: number, bytes: string | Buffer): Promise<string | null> {
  const client = dial(port);
  client.end(bytes);
  const answer = await readAll(client);
  client.destroy();
  return answer === null ? null : String(answer);
}

suite('access policies of layer 4', () => {
  test('refuse connections by address, before a backend has one, and count them', async (t) => {
    const { proxy, portOf, connections } = await runTcp(t, [ALLOWED, REFUSED]);
    assert.equal(await told(portOf(1), 'yes'), 'yes');
    assert.equal(await told(portOf(2), 'no'), null);
    assert.equal(connections(), 1);
    const { streams, policyRefusals } = proxy.stats();
    assert.ok(streams.some(({ byReason }) => byReason.access_denied === 1));
    assert.deepEqual(
      policyRefusals.map(({ policy, reason, mode, count }) => [policy.name, reason, mode, count]),
      [['office', 'access_denied', 'enforce', 1]],
    );
  });

  test('a Deny comes before an Allow, and every Allow must hold', async (t) => {
    const deny = { action: 'deny', rules: [{ name: 'local', clientCidrs: LOOPBACK }] } as const;
    const allow = { rules: [{ clientCidrs: LOOPBACK }] };
    const { portOf, proxy } = await runTcp(t, [
      value(allow, deny),
      value(allow, { rules: [{ clientCidrs: OFFICE }] }),
    ]);
    assert.equal(await told(portOf(1), 'no'), null);
    assert.deepEqual(
      proxy.stats().policyRefusals.map(({ rule: name }) => name),
      ['local'],
    );
    assert.equal(await told(portOf(2), 'no'), null);
  });

  test('see the client of a PROXY header from a trusted peer', async (t) => {
    const settings = { acceptProxyProtocol: true, trustedCidrs: LOOPBACK };
    const { portOf } = await runTcp(t, [REFUSED], settings);
    const from = (address: string): Buffer => {
      const peers = { source: { address, port: 1 }, destination: { address: '198.51.100.1', port: 80 } };
      return Buffer.concat([writeProxyHeader('v2', { isGone: false, ...peers }), Buffer.from('hello')]);
    };
    assert.equal(await told(portOf(1), from('203.0.113.8')), 'hello');
    assert.equal(await told(portOf(1), from('198.51.100.8')), null);
  });

  test('in mode Audit let connections through, and count them', async (t) => {
    const { proxy, portOf } = await runTcp(t, [
      value({ mode: 'audit', rules: [{ clientCidrs: OFFICE }, { methods: ['GET'] }] }),
    ]);
    assert.equal(await told(portOf(1), 'yes'), 'yes');
    assert.deepEqual(
      proxy.stats().policyRefusals.map(({ mode, count }) => [mode, count]),
      [['audit', 1]],
    );
  });

  for (const condition of [
    { methods: ['GET'] },
    { headers: [{ name: 'a', value: { kind: 'exact', value: 'b' } as const }] },
    { principal: { authenticated: true, users: null, claims: [] } },
  ]) {
    test(`a condition on ${Object.keys(condition).join()} closes the rule`, async (t) => {
      const rules = [{ clientCidrs: LOOPBACK }, condition];
      const { portOf, connections } = await runTcp(t, [value({ rules })]);
      assert.equal(await told(portOf(1), 'no'), null);
      assert.equal(connections(), 0);
    });
  }

  test('drop the datagrams of UDP flows', async (t) => {
    const backend = await startUdpBackend('udp');
    t.after(() => backend.close());
    const config = l4Config({
      udp: {
        53: [udpListener({ ...rule('open', 'udp'), policies: ALLOWED })],
        54: [{ ...udpListener({ ...rule('closed', 'udp'), policies: REFUSED }), id: 'udp2' as never }],
      },
      endpoints: { udp: [backend.port] },
    });
    const { proxy, portOf } = await run(t, config);
    const client = new UdpClient();
    t.after(() => client.close());
    client.send(portOf(54), 'no');
    await until(() => proxy.stats().policyRefusals.length > 0);
    assert.equal(await client.ask(portOf(53), 'yes'), 'udp:yes');
    assert.deepEqual(
      backend.received.map(({ text }) => text),
      ['yes'],
    );
  });
});
