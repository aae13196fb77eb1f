/** Which requests access policies let through, over real sockets. */
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import {
  accessPolicy,
  accessValue,
  trustingAuthentication,
  type TestAccessPolicy,
} from '../../../../test/support/access-policies.ts';
import { testBackend, testConfig, type TestRule } from '../../../../test/support/gateway-config.ts';
import { exchangeOnce, type Received } from '../../../../test/support/reply-client.ts';
import type { Field } from '../../../../test/support/reference-hpack.ts';
import { answering, ScriptedBackend } from '../../../../test/support/scripted-backend.ts';
import { TestProxy } from '../../../../test/support/test-proxy.ts';
import type { Filter } from '../../../ir/filter.ts';
import type { Challenge } from '../../exchange/principal.ts';
import { FilterTable } from '../filter-table.ts';
import { BUILT_IN_FILTERS } from '../filters.ts';

const LOOPBACK = ['127.0.0.0/8'];
const OFFICE = ['203.0.113.0/24', '2001:db8::/32'];
const ANYONE = ['0.0.0.0/0', '::/0'];
const TRUSTING = { kind: 'trusting' } as unknown as Filter;
const STAFF = { authenticated: true, users: null, claims: [{ name: 'groups', values: ['staff', 'admin'] }] };
const ANY_USER = { authenticated: true, users: null, claims: [] };

interface Served {
  readonly proxy: TestProxy;
  readonly status: (...fields: readonly Field[]) => Promise<number>;
  readonly get: (...fields: readonly Field[]) => Promise<Received>;
  readonly send: (method: string, ...fields: readonly Field[]) => Promise<number>;
}

async function serve(
  t: TestContext,
  policies: readonly TestAccessPolicy[],
  { rule = {}, challenge = null }: { rule?: Partial<TestRule>; challenge?: Challenge | null } = {},
): Promise<Served> {
  const backend = await ScriptedBackend.start(answering('ok'));
  const config = testConfig({
    rules: [
      {
        backends: [testBackend('a')],
        filters: [TRUSTING],
        policies: [accessValue(...policies.map(accessPolicy))],
        ...rule,
      },
    ],
    endpoints: { a: [backend.port] },
    settings: { trustedCidrs: LOOPBACK },
  });
  const filters = new FilterTable([...BUILT_IN_FILTERS, trustingAuthentication(challenge)]);
  const proxy = await TestProxy.start(config, {}, { filters });
  t.after(async () => {
    await proxy.stop();
    await backend.stop();
  });
  const ask = (method: string, fields: readonly Field[]): Promise<Received> =>
    exchangeOnce(proxy, 'HTTP/1.1', { method, path: '/x', fields });
  return {
    proxy,
    get: (...fields) => ask('GET', fields),
    status: async (...fields) => (await ask('GET', fields)).status,
    send: async (method, ...fields) => (await ask(method, fields)).status,
  };
}

const from = (address: string): Field => ['x-forwarded-for', address];
const user = (name: string, groups = ''): Field[] => [
  ['x-user', name],
  ['x-groups', groups],
];

describe('rules', () => {
  test('an address is in one of the ranges, of either family, mapped or not', async (t) => {
    const { status } = await serve(t, [{ rules: [{ clientCidrs: OFFICE }] }]);
    assert.equal(await status(from('203.0.113.9')), 200);
    assert.equal(await status(from('2001:db8:1::1')), 200);
    assert.equal(await status(from('::ffff:203.0.113.9')), 200);
    assert.equal(await status(from('203.0.114.9')), 403);
    assert.equal(await status(from('::1')), 403);
  });

  test('any rule lets a request through, all conditions of it must hold', async (t) => {
    const { send } = await serve(t, [
      {
        rules: [
          { clientCidrs: OFFICE, methods: ['POST'] },
          {
            headers: [
              { name: 'x-probe', value: { kind: 'exact', value: 'yes' } },
              { name: 'user-agent', value: { kind: 'regex', pattern: 'probe/[0-9]+' } },
            ],
          },
        ],
      },
    ]);
    assert.equal(await send('POST', from('203.0.113.9')), 200);
    assert.equal(await send('GET', from('203.0.113.9')), 403);
    assert.equal(await send('POST', from('198.51.100.1')), 403);
    assert.equal(await send('GET', ['x-probe', 'yes'], ['user-agent', 'probe/12']), 200);
    assert.equal(await send('GET', ['x-probe', 'yes'], ['user-agent', 'probe/12 evil']), 403);
    assert.equal(await send('GET', ['x-probe', 'yes']), 403);
  });

  test('a principal has one of the users, and an element of each claim', async (t) => {
    const rules = [
      { principal: { ...STAFF, users: ['ada', 'billing'] } },
      { methods: ['PUT'], principal: { authenticated: false, users: null, claims: [] } },
    ];
    const { status, send } = await serve(t, [{ rules }]);
    assert.equal(await status(...user('ada', 'guests staff')), 200);
    assert.equal(await status(['x-client', 'billing'], ['x-groups', 'admin']), 200);
    assert.equal(await status(...user('ada', 'guests')), 403);
    assert.equal(await status(...user('eve', 'staff')), 403);
    assert.equal(await status(), 403);
    assert.equal(await send('PUT'), 200);
    assert.equal(await send('PUT', ...user('eve', 'staff')), 403);
  });

  test('a pattern that cannot be tested refuses the request, whatever the action', async (t) => {
    const headers = [{ name: 'x-long', value: { kind: 'regex', pattern: '[a-z]+x' } as const }];
    const { status, proxy } = await serve(t, [{ action: 'deny', rules: [{ headers }] }]);
    assert.equal(await status(['x-long', 'abcx']), 403);
    assert.equal(await status(['x-long', `${'a'.repeat(5_000)}x`]), 431);
    assert.equal(proxy.records.at(-1)?.reason, 'head_too_large');
  });
});

describe('several policies', () => {
  test('a Deny comes before every Allow, wherever it is', async (t) => {
    const { status, proxy } = await serve(t, [
      { name: 'all', rules: [{ clientCidrs: ANYONE }] },
      {
        name: 'block',
        action: 'deny',
        rules: [
          { name: 'one', clientCidrs: ['203.0.113.7/32'] },
          { name: 'two', clientCidrs: ['203.0.113.8/31'] },
        ],
      },
    ]);
    assert.equal(await status(from('203.0.113.6')), 200);
    assert.equal(await status(from('203.0.113.9')), 403);
    assert.equal(proxy.records.at(-1)?.refusedBy?.policyName, 'AccessPolicy/test/block:two');
  });

  test('every Allow must let a request through', async (t) => {
    const { status, proxy } = await serve(t, [
      { name: 'office', rules: [{ clientCidrs: OFFICE }] },
      { name: 'staff', rules: [{ principal: STAFF }] },
    ]);
    assert.equal(await status(from('203.0.113.9'), ...user('ada', 'staff')), 200);
    assert.equal(await status(from('203.0.113.9'), ...user('ada', 'guests')), 403);
    assert.equal(proxy.records.at(-1)?.refusedBy?.policyName, 'AccessPolicy/test/staff');
    assert.equal(await status(from('198.51.100.1'), ...user('ada', 'staff')), 403);
    assert.equal(proxy.records.at(-1)?.refusedBy?.policyName, 'AccessPolicy/test/office');
  });

  test('address or user in one Allow: either is enough, and the address needs no credentials', async (t) => {
    const { status } = await serve(t, [{ rules: [{ clientCidrs: OFFICE }, { principal: ANY_USER }] }]);
    assert.equal(await status(from('203.0.113.9')), 200);
    assert.equal(await status(from('198.51.100.1'), ...user('ada')), 200);
    assert.equal(await status(from('198.51.100.1')), 403);
  });

  test('a Deny acts by address before authentication, by user after it', async (t) => {
    const rules = [
      { name: 'net', clientCidrs: OFFICE },
      { name: 'user', principal: { ...ANY_USER, users: ['eve'] } },
    ];
    const { status, proxy } = await serve(t, [{ action: 'deny', rules }]);
    assert.equal(await status(from('203.0.113.9'), ...user('eve')), 403);
    assert.equal(proxy.records.at(-1)?.user, '', 'refused before authentication');
    assert.equal(await status(from('198.51.100.1'), ...user('eve')), 403);
    assert.equal(proxy.records.at(-1)?.refusedBy?.labels.rule, 'user');
    assert.equal(await status(from('198.51.100.1'), ...user('ada')), 200);
  });
});

describe('refusals', () => {
  test('in mode Audit pass, and are counted by rule', async (t) => {
    const { status, proxy } = await serve(t, [
      { name: 'try', mode: 'audit', rules: [{ clientCidrs: OFFICE }] },
      { name: 'bots', mode: 'audit', action: 'deny', rules: [{ name: 'all', clientCidrs: ANYONE }] },
    ]);
    assert.equal(await status(from('198.51.100.1')), 200);
    assert.deepEqual(
      proxy.records.at(-1)?.wouldRefuse.map(({ policyName }) => policyName),
      ['AccessPolicy/test/bots:all', 'AccessPolicy/test/try'],
    );
    assert.equal(await status(from('203.0.113.9')), 200);
    const counts = proxy.proxy.stats().policyRefusals.map(({ rule, mode, count }) => [rule, mode, count]);
    assert.deepEqual(counts.toSorted(), [
      ['', 'audit', 1],
      ['all', 'audit', 2],
    ]);
  });

  test('have the status and body of the policy', async (t) => {
    const body = { text: '{"error":"no"}', contentType: 'application/json' };
    const { get } = await serve(t, [{ rules: [{ clientCidrs: OFFICE }], response: { status: 404, body } }]);
    const { status, fields, body: text } = await get();
    assert.deepEqual([status, text], [404, body.text]);
    assert.ok(fields.some(([name, value]) => name === 'content-type' && value === body.contentType));
  });

  test('ask for credentials where authentication lets requests without them through', async (t) => {
    const challenge: Challenge = {
      apply: () => ({
        kind: 'answer',
        reason: 'auth_denied',
        reply: {
          status: 401,
          fields: [{ name: 'www-authenticate', value: 'Basic realm="shop"' }],
          body: '',
          grpc: null,
        },
      }),
    };
    const rules = [{ clientCidrs: OFFICE }, { principal: STAFF }];
    const { status } = await serve(t, [{ rules }], { challenge });
    assert.equal(await status(from('198.51.100.1')), 401);
    assert.equal(await status(from('198.51.100.1'), ...user('ada', 'guests')), 403);
    const addressOnly = await serve(t, [{ rules: [{ clientCidrs: OFFICE }] }], { challenge });
    assert.equal(await addressOnly.status(from('198.51.100.1')), 403);
  });

  test('come before a redirect, so that it does not tell where it leads', async (t) => {
    const redirect: Filter = {
      kind: 'redirect',
      scheme: null,
      hostname: 'secret.example',
      path: null,
      port: null,
      status: 302,
    };
    const rule = { filters: [TRUSTING, redirect] };
    const { status } = await serve(t, [{ rules: [{ principal: STAFF }] }], { rule });
    assert.equal(await status(), 403);
    assert.equal(await status(...user('ada', 'staff')), 302);
  });
});

test('a value that cannot be compiled closes the rule', async (t) => {
  const { status, proxy } = await serve(t, [{ action: 'deny', rules: [{ clientCidrs: ['10.0.0.0/99'] }] }]);
  assert.equal(await status(), 500);
  assert.equal(proxy.records[0]?.reason, 'invalid_rule');
});
