/** Header fields that a client must not be able to set, over both protocols: neither routing nor backends see them. */
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import type { ProxySettings } from '../../ir/gateway-config.ts';
import type { Filter } from '../../ir/filter.ts';
import { testBackend, testConfig } from '../../../test/support/gateway-config.ts';
import { headers, request } from '../../../test/support/h2-frames.ts';
import { H2Peer, valueOf } from '../../../test/support/h2-peer.ts';
import { ScriptedBackend } from '../../../test/support/scripted-backend.ts';
import { TestProxy } from '../../../test/support/test-proxy.ts';

type Field = readonly [name: string, value: string];

interface Outcome {
  readonly status: number;
  /** Fields at the backend, names in lower case; null = it was not asked. */
  readonly arrived: readonly Field[] | null;
  /** Body: the backend that answered. */
  readonly by: string;
}

type Send = (t: TestContext, proxy: TestProxy, fields: readonly Field[]) => Promise<Omit<Outcome, 'arrived'>>;

const CLIENTS: Readonly<Record<string, Send>> = {
  'HTTP/1.1': async (_t, proxy, fields) => {
    const client = await proxy.connect();
    const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    client.send(`GET / HTTP/1.1\r\nHost: a.example\r\n${lines}\r\n`);
    const { status, body } = await client.readResponse();
    return { status, by: body };
  },
  'HTTP/2': async (t, proxy, fields) => {
    const peer = await H2Peer.connect(proxy.port);
    t.after(() => peer.raw.destroy());
    const lower = fields.map(([name, value]): [string, string] => [name.toLowerCase(), value]);
    peer.send(headers(1, request({}, ...lower), true));
    const { blocks, body } = await peer.message(1);
    return { status: Number(valueOf(blocks[0], ':status')), by: body };
  },
};

interface Scene {
  readonly settings?: Partial<ProxySettings>;
  readonly filters?: readonly Filter[];
  /** A rule of its own, with backend `special`, for requests with this field. */
  readonly special?: Field;
}

async function start(t: TestContext, { settings = {}, filters = [], special }: Scene) {
  const arrived: Field[][] = [];
  const startNamed = (name: string): Promise<ScriptedBackend> =>
    ScriptedBackend.start(async (connection) => {
      for (;;) {
        const head = await connection.readThrough('\r\n\r\n');
        arrived.push(
          head
            .trimEnd()
            .split('\r\n')
            .slice(1)
            .map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.split(': ')[1] ?? '']),
        );
        connection.send(`HTTP/1.1 200 OK\r\ncontent-length: ${name.length}\r\n\r\n${name}`);
      }
    });
  const backend = await startNamed('plain');
  const other = await startNamed('special');
  const match =
    special === undefined
      ? []
      : [
          {
            backends: [testBackend('special')],
            match: { headers: [{ name: special[0], value: { kind: 'exact', value: special[1] } as const }] },
          },
        ];
  const proxy = await TestProxy.start(
    testConfig({
      rules: [...match, { backends: [testBackend('plain')], filters }],
      endpoints: { plain: [backend.port], special: [other.port] },
      settings,
    }),
  );
  t.after(async () => {
    await proxy.stop();
    await backend.stop();
    await other.stop();
  });
  return { proxy, arrived };
}

/** Fields that say who the client is or what it asked for, under all their names. */
const FAMILY = [
  'X-Forwarded-Client-Cert',
  'X-Forwarded-Prefix',
  'X-Forwarded-Server',
  'X-Forwarded-Ssl',
  'X-Forwarded-Scheme',
  'X-Forwarded-Uri',
  'X-Forwarded-Method',
  'X-Forwarded-Tls-Client-Cert',
  'X-Forwarded-Made-Up-Tomorrow',
  'X-Forwarded',
  'X-Original-Forwarded-For',
  'True-Client-IP',
  'X-Client-IP',
  'X-Envoy-External-Address',
  'X-Original-URL',
  'X-Rewrite-URL',
  'SSL-Client-Cert',
  'Forwarded-For',
  'Client-IP',
  'X-Cluster-Client-IP',
  'CF-Connecting-IP',
  'Fastly-Client-IP',
  'Client-Cert',
  'Client-Cert-Chain',
  'SSL-Client-Verify',
  'SSL-Client-Subject-DN',
  'SSL-Client-Issuer-DN',
  'X-Original-Host',
  'X-Original-URI',
  'X-Original-Method',
];
const UNDERSCORES = ['X_User', 'x_forwarded_for', 'Content_Length', 'Transfer_Encoding', 'a_', '_'];
const ORDINARY: readonly Field[] = [
  ['x-user', 'u'],
  ['x-forwardee', '1'],
  ['forwarded-by', '1'],
  ['x-url', '1'],
];
const TRUSTED = { trustedCidrs: ['127.0.0.0/8'] };
const forged = (names: readonly string[]): Field[] => names.map((name) => [name, 'forged']);

for (const [version, send] of Object.entries(CLIENTS)) {
  describe(`over ${version}`, () => {
    test('no forwarding field of an untrusted client reaches a backend, whatever its name', async (t) => {
      const { proxy, arrived } = await start(t, {});
      await send(t, proxy, [...forged(FAMILY), ...ORDINARY]);
      const [fields = []] = arrived;
      assert.deepEqual(
        fields.filter(([, value]) => value === 'forged'),
        [],
      );
      for (const [name, value] of ORDINARY) assert.ok(fields.some(([n, v]) => n === name && v === value));
    });

    test('those of a trusted proxy go on, and X-Forwarded-Port with them', async (t) => {
      const { proxy, arrived } = await start(t, { settings: TRUSTED });
      await send(t, proxy, [...forged(FAMILY), ['X-Forwarded-Port', '8443']]);
      const [fields = []] = arrived;
      const passed = fields.filter(([, value]) => value === 'forged').map(([name]) => name);
      assert.deepEqual(passed.toSorted(), FAMILY.map((name) => name.toLowerCase()).toSorted());
      assert.deepEqual(
        fields.filter(([name]) => name === 'x-forwarded-port'),
        [['x-forwarded-port', '8443']],
      );
    });

    test('names with an underscore are dropped by default, from trusted proxies too', async (t) => {
      for (const settings of [{}, TRUSTED]) {
        const { proxy, arrived } = await start(t, { settings });
        await send(t, proxy, [...forged(UNDERSCORES), ...ORDINARY]);
        const [fields = []] = arrived;
        assert.deepEqual(
          fields.filter(([name]) => name.includes('_')),
          [],
        );
        assert.ok(fields.some(([name]) => name === 'x-user'));
      }
    });

    test('Reject answers 400 to names with an underscore, and to nothing else', async (t) => {
      const { proxy, arrived } = await start(t, { settings: { headersWithUnderscores: 'Reject' } });
      assert.equal((await send(t, proxy, [['x_user', '1']])).status, 400);
      assert.equal(proxy.records[0]?.reason, 'bad_request');
      assert.equal(arrived.length, 0);
      assert.equal((await send(t, proxy, ORDINARY)).status, 200);
    });

    test('Allow passes them on, but no twin of a field that the gateway answers for', async (t) => {
      const { proxy, arrived } = await start(t, { settings: { headersWithUnderscores: 'Allow' } });
      await send(t, proxy, forged([...UNDERSCORES, 'x_forwarded_client_cert', 'ssl_client_cert', 'Host_']));
      const passed = (arrived[0] ?? []).filter(([, value]) => value === 'forged').map(([name]) => name);
      assert.deepEqual(passed.toSorted(), ['_', 'a_', 'host_', 'x_user']);
    });

    test('a field that does not count matches no rule', async (t) => {
      const cases: readonly [Field, Partial<ProxySettings>, string][] = [
        [['x-forwarded-proto', 'https'], {}, 'plain'],
        [['x-forwarded-prefix', '/x'], {}, 'plain'],
        [['x-forwarded-proto', 'https'], TRUSTED, 'special'],
        [['x_user', '1'], {}, 'plain'],
        [['x_user', '1'], { headersWithUnderscores: 'Allow' }, 'special'],
        [['x-user', '1'], {}, 'special'],
      ];
      for (const [special, settings, by] of cases) {
        const { proxy } = await start(t, { settings, special });
        assert.equal((await send(t, proxy, [special])).by, by, special.join(': '));
      }
    });

    test('a filter may set such a field: it is then the user’s', async (t) => {
      const set = [
        { name: 'X-Forwarded-Prefix', value: '/app' },
        { name: 'x_tenant', value: 'red' },
      ];
      const { proxy, arrived } = await start(t, {
        filters: [{ kind: 'request-headers', edit: { set, add: [], remove: [] } }],
      });
      await send(t, proxy, [
        ['x-forwarded-prefix', '/forged'],
        ['x_tenant', 'blue'],
      ]);
      const fields = (arrived[0] ?? []).filter(([name]) => /prefix|tenant/.test(name));
      assert.deepEqual(fields, [
        ['x-forwarded-prefix', '/app'],
        ['x_tenant', 'red'],
      ]);
    });
  });
}

test('a field that Connection lists matches no rule, since no backend would see it', async (t) => {
  const { proxy } = await start(t, { special: ['x-tenant', 'internal'] });
  const client = await proxy.connect();
  client.send(
    'GET / HTTP/1.1\r\nHost: a.example\r\nX-Tenant: internal\r\nConnection: close, x-tenant\r\n\r\n',
  );
  assert.equal((await client.readResponse()).body, 'plain');
});
