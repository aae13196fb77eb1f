/** What all policies share: refusals in modes Enforce and Audit, the principal, and one address of the client for everything that asks. */
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { testBackend, testConfig } from '../../../../test/support/gateway-config.ts';
import { exchangeOnce, HOST, type Version } from '../../../../test/support/reply-client.ts';
import { answering, ScriptedBackend } from '../../../../test/support/scripted-backend.ts';
import { TestProxy } from '../../../../test/support/test-proxy.ts';
import type { Filter } from '../../../ir/filter.ts';
import type { ProxySettings } from '../../../ir/gateway-config.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { FilterRun } from '../../exchange/filter-run.ts';
import { NO_CLAIMS } from '../../exchange/claims.ts';
import { PRINCIPAL, type Principal } from '../../exchange/principal.ts';
import type { PolicyMode } from '../../exchange/policy-refusals.ts';
import type { FilterDefinition } from '../definition.ts';
import { FilterTable } from '../filter-table.ts';
import { BUILT_IN_FILTERS } from '../filters.ts';
import { Refusal } from './refusal.ts';

interface Guard {
  readonly kind: 'guard';
  readonly name: string;
  readonly mode: PolicyMode;
}

const CORS: Filter = {
  kind: 'cors',
  allowOrigins: ['https://app.example'],
  allowCredentials: false,
  allowMethods: ['GET'],
  allowHeaders: [],
  exposeHeaders: [],
  maxAgeSeconds: 5,
};

/** Refuses everyone at stage `authorization`; at stage `access` it notes what address it sees. */
const guards = (seen: string[]): readonly FilterDefinition<Guard>[] => [
  {
    kind: 'guard',
    stages: { request: 'access' },
    precedence: 'both',
    compile: () => ({
      request: {
        kind: 'guard',
        apply: ({ clientAddress, isSecure }: Exchange) => {
          seen.push(`${clientAddress} ${isSecure ? 'https' : 'http'}`);
          return 'continue';
        },
      },
    }),
    describe: () => 'guard',
  },
  {
    kind: 'guard',
    stages: { request: 'authorization' },
    precedence: 'both',
    compile({ name, mode }, { refusalCounterOf }) {
      const policy = { kind: 'GuardPolicy', namespace: 'shop', name };
      const refusal = new Refusal(
        refusalCounterOf({ policy, rule: name === 'b' ? 'night' : '', reason: 'auth_denied', mode }),
      );
      return {
        request: { kind: 'guard', apply: (_: Exchange, run: FilterRun) => refusal.apply(run) },
      };
    },
    describe: () => 'guard',
  },
];

const USER: Principal = { method: 'jwt', user: 'ada', client: '', claims: NO_CLAIMS };
const authenticating: FilterDefinition = {
  kind: 'authenticating',
  stages: { request: 'authentication' },
  precedence: 'both',
  compile: () => ({
    request: {
      kind: 'authenticating',
      apply: (_: Exchange, run: FilterRun) => {
        run.keep(PRINCIPAL, USER);
        return 'continue';
      },
    },
  }),
  describe: () => 'authenticates',
};

const guard = (name: string, mode: PolicyMode): Filter =>
  ({ kind: 'guard', name, mode }) satisfies Guard as unknown as Filter;

async function serve(
  t: TestContext,
  filters: readonly Filter[],
  settings: Partial<ProxySettings> = {},
): Promise<{ proxy: TestProxy; seen: string[]; config: ReturnType<typeof testConfig> }> {
  const backend = await ScriptedBackend.start(answering('ok'));
  const seen: string[] = [];
  const config = testConfig({
    rules: [{ backends: [testBackend('a')], filters }],
    endpoints: { a: [backend.port] },
    settings,
  });
  const table = new FilterTable([...BUILT_IN_FILTERS, ...guards(seen), authenticating]);
  const proxy = await TestProxy.start(config, {}, { filters: table });
  t.after(async () => {
    await proxy.stop();
    await backend.stop();
  });
  return { proxy, seen, config };
}

const VERSIONS: readonly Version[] = ['HTTP/1.1', 'HTTP/2'];

for (const version of VERSIONS) {
  describe(`policies over ${version}`, () => {
    const get = (fields: readonly (readonly [string, string])[] = []) =>
      ({ method: 'GET', path: '/', fields }) as const;

    test('a refusal in mode Enforce ends the request, with CORS fields, the policy in the log and the metric', async (t) => {
      const { proxy } = await serve(t, [CORS, guard('a', 'enforce'), guard('b', 'enforce')]);
      const response = await exchangeOnce(proxy, version, get([['origin', 'https://app.example']]));
      assert.equal(response.status, 403);
      assert.equal(
        response.fields.find(([name]) => name.toLowerCase() === 'access-control-allow-origin')?.[1],
        'https://app.example',
      );
      const [record] = proxy.records;
      assert.equal(record?.reason, 'auth_denied');
      assert.equal(record.refusedBy?.policyName, 'GuardPolicy/shop/a');
      assert.deepEqual(record.wouldRefuse, []);
      assert.deepEqual(
        proxy.proxy
          .stats()
          .policyRefusals.map(({ policy, rule, reason, mode, count }) => [
            policy.name,
            rule,
            reason,
            mode,
            count,
          ]),
        [['a', '', 'auth_denied', 'enforce', 1]],
      );
    });

    test('a refusal in mode Audit is logged and counted, and the request passes', async (t) => {
      const { proxy } = await serve(t, [guard('a', 'audit'), guard('b', 'audit')]);
      assert.equal((await exchangeOnce(proxy, version, get())).status, 200);
      assert.equal((await exchangeOnce(proxy, version, get())).status, 200);
      const [record] = proxy.records;
      assert.equal(record?.reason, null);
      assert.equal(record.refusedBy, null);
      assert.deepEqual(
        record.wouldRefuse.map(({ labels: { reason }, policyName }) => `${reason} ${policyName}`),
        ['auth_denied GuardPolicy/shop/a', 'auth_denied GuardPolicy/shop/b:night'],
      );
      assert.deepEqual(
        proxy.proxy.stats().policyRefusals.map(({ mode, count }) => [mode, count]),
        [
          ['audit', 2],
          ['audit', 2],
        ],
      );
    });

    test('the principal that authentication keeps is in the record', async (t) => {
      const { proxy } = await serve(t, [{ kind: 'authenticating' } as unknown as Filter]);
      await exchangeOnce(proxy, version, get());
      assert.equal(proxy.records[0]?.user, 'ada');
    });

    test('counts survive an update of the configuration, and go with the policy', async (t) => {
      const { proxy, config } = await serve(t, [guard('a', 'audit')]);
      await exchangeOnce(proxy, version, get());
      await proxy.apply({ ...config, version: 'next' });
      assert.equal(proxy.proxy.stats().policyRefusals[0]?.count, 1);
      const rules = config.rules.map((rule) => ({ ...rule, filters: [] }));
      await proxy.apply({ ...config, version: 'without', rules });
      assert.deepEqual(proxy.proxy.stats().policyRefusals, []);
    });

    test("a trusted proxy's client is the client of the first filter, and of the log of refused requests", async (t) => {
      const settings = { trustedCidrs: ['127.0.0.0/8'] };
      const { proxy, seen } = await serve(t, [guard('a', 'enforce')], settings);
      const fields = [
        ['x-forwarded-for', '198.51.100.9, 203.0.113.7'],
        ['x-forwarded-proto', 'https'],
      ] as const;
      assert.equal((await exchangeOnce(proxy, version, get(fields))).status, 403);
      assert.deepEqual(seen, ['203.0.113.7 https']);
      assert.equal(proxy.records[0]?.clientIp, '203.0.113.7');
    });

    test('an untrusted peer cannot choose its address', async (t) => {
      const { proxy, seen } = await serve(t, [guard('a', 'enforce')], { trustedCidrs: ['192.0.2.0/24'] });
      const fields = [
        ['x-forwarded-for', '203.0.113.7'],
        ['x-real-ip', '203.0.113.7'],
        ['forwarded', `for=203.0.113.7;host=${HOST}`],
      ] as const;
      await exchangeOnce(proxy, version, get(fields));
      assert.deepEqual(seen, ['127.0.0.1 http']);
      assert.equal(proxy.records[0]?.clientIp, '127.0.0.1');
    });
  });
}
