/** Filters and policies as `explain` prints them: in their order, with those that do not act marked, and the response of those that respond. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { accessPolicy, accessValue } from '../../../test/support/access-policies.ts';
import { apiKey, authCheck, authPolicy } from '../../../test/support/auth-policy.ts';
import { testBackend, testConfig, type TestRule } from '../../../test/support/gateway-config.ts';
import { perMinute, rateLimits, testLimit } from '../../../test/support/rate-limits.ts';
import { auth as externalAuth } from '../../../test/support/reply-scenes.ts';
import { responseValue } from '../../../test/support/response-policies.ts';
import type { CorsFilter, Filter } from '../../ir/filter.ts';
import type { PolicyValue } from '../../ir/policy-value.ts';
import type { RouteRule, WeightedBackend } from '../../ir/route.ts';
import { explain, type Explanation } from '../router/explain.ts';
import { compileRegex } from '../router/regex.ts';
import type { FilterDefinition } from './definition.ts';
import { TableExplainer } from './explain-filters.ts';
import { FilterTable } from './filter-table.ts';
import { BUILT_IN_FILTERS, FILTERS } from './filters.ts';

/** Two kinds that Sluice does not have: one answers, the other is a policy. */
const TEAPOT: FilterDefinition<{ readonly kind: string; readonly isBusy: boolean }> = {
  kind: 'teapot',
  stages: { request: 'access' },
  precedence: 'both',
  compile: () => ({}),
  describe: () => 'teapot',
  outcome: ({ isBusy }, { view }) =>
    isBusy && view.path.startsWith('/tea')
      ? { outcome: 'refuse', status: 418, reason: 'auth_denied', summary: '418 by a teapot' }
      : null,
};
const GUARD: FilterDefinition = {
  kind: 'guard',
  stages: { request: 'rate-limit' },
  precedence: 'both',
  compile: () => ({}),
  describe: () => 'guard',
};

const teapot = (isBusy: boolean): Filter => ({ kind: 'teapot', isBusy }) as unknown as Filter;
const guard = (group: string): readonly PolicyValue[] => [{ kind: 'guard', settings: { group }, from: [] }];
const edit = { set: [{ name: 'a', value: '1' }], add: [], remove: ['b'] };
const MODIFIER: Filter = { kind: 'request-headers', edit };
const HTTPS: Filter = {
  kind: 'redirect',
  scheme: 'https',
  hostname: null,
  path: null,
  port: 8443,
  status: 301,
};
const ELSEWHERE: Filter = { ...HTTPS, hostname: 'b.example' };
const REWRITE: Filter = { kind: 'url-rewrite', hostname: 'b.example', path: { kind: 'prefix', value: '/x' } };
const CORS: CorsFilter = {
  kind: 'cors',
  allowOrigins: ['https://a.example'],
  allowCredentials: false,
  allowMethods: ['GET'],
  allowHeaders: [],
  exposeHeaders: [],
  maxAgeSeconds: 5,
};

const TABLE = new FilterTable([...BUILT_IN_FILTERS, TEAPOT, GUARD]);

function explained(rule: TestRule, request: { path?: string; method?: string } = {}): Explanation {
  const config = testConfig({ rules: [rule], endpoints: { a: [1], b: [1] } });
  const { path = '/', method = 'GET' } = request;
  const view = { method, host: 'a.example', path, query: '', header: () => undefined };
  const context = { settingsOf: () => [], filters: new TableExplainer(TABLE) };
  const explanation = explain(config, { ...view, port: 80, serverName: null }, compileRegex, context);
  assert.ok(explanation !== null);
  return explanation;
}

const shown = (filters: Explanation['filters']): readonly string[] =>
  filters.map(({ description, overridden }) =>
    overridden === undefined ? description : `${description} (${overridden})`,
  );

const backend = (name: string, more: object = {}): WeightedBackend => ({ ...testBackend(name), ...more });

suite('filters and policies', () => {
  test('are explained in the order of the table, whatever order they are listed in', () => {
    const filters = [
      { kind: 'response-headers', edit },
      MODIFIER,
      REWRITE,
      ELSEWHERE,
      HTTPS,
      CORS,
    ] as Filter[];
    const { filters: described } = explained({ filters, policies: guard('staff'), backends: [backend('a')] });
    assert.deepEqual(shown(described), [
      'CORS: origins https://a.example',
      'redirect 301, scheme https, port 8443',
      'guard',
      'redirect 301, scheme https, hostname b.example, port 8443',
      'request headers: set a: 1; remove b',
      'rewrite: host → b.example, prefix → /x',
      'response headers: set a: 1; remove b',
    ]);
  });

  test('that a backend overrides, or its rule, are marked', () => {
    const both = { filters: [CORS, REWRITE] as const, policies: guard('staff') };
    const one = explained({ ...both, backends: [backend('a', both), backend('b')] });
    assert.deepEqual(shown(one.filters), [
      'CORS: origins https://a.example',
      'guard',
      'rewrite: host → b.example, prefix → /x (overridden by a)',
    ]);
    assert.deepEqual(shown(one.backends[0]?.filters ?? []), [
      'CORS: origins https://a.example (overridden by the rule)',
      'guard (the rule has the same)',
      'rewrite: host → b.example, prefix → /x',
    ]);
    const all = explained({ ...both, backends: [backend('a', both)] });
    assert.match(shown(all.filters).join(), /overridden by the backends/);
    const other = explained({ ...both, backends: [backend('a', { policies: guard('admins') })] });
    assert.deepEqual(shown(other.backends[0]?.filters ?? []), ['guard']);
  });

  test('of a listener are explained where no rule matches', () => {
    const config = testConfig({ rules: [] });
    const ports = config.ports.map((port) => ({
      ...port,
      listeners: port.listeners.map((listener) => ({ ...listener, policies: guard('staff') })),
    }));
    const view = { method: 'GET', host: 'a.example', path: '/', query: '', header: () => undefined };
    const context = { settingsOf: () => [], filters: new TableExplainer(TABLE) };
    const request = { ...view, port: 80, serverName: null };
    const found = explain({ ...config, ports }, request, compileRegex, context);
    assert.deepEqual(shown(found?.filters ?? []), ['guard']);
  });

  test('of a kind that is not known are explained as such', () => {
    const unknown = [{ kind: 'captcha' } as unknown as Filter];
    assert.deepEqual(shown(explained({ filters: unknown, backends: [backend('a')] }).filters), [
      'captcha: unknown to this version',
    ]);
  });
});

suite('a filter that responds', () => {
  test('is explained by its own outcome, where it gives one', () => {
    const rule = { filters: [teapot(true)], backends: [backend('a')] };
    const busy = explained(rule, { path: '/tea/x' });
    assert.deepEqual([busy.outcome, busy.status, busy.summary], ['refuse', 418, '418 by a teapot']);
    assert.equal(explained(rule, { path: '/coffee' }).outcome, 'forward');
    assert.equal(explained({ ...rule, filters: [teapot(false)] }, { path: '/tea' }).outcome, 'forward');
  });

  test('is the first in the order of the table', () => {
    const backends = [backend('a')];
    const status = (filters: readonly Filter[]): number | null =>
      explained({ filters, backends }, { path: '/tea' }).status;
    assert.equal(status([ELSEWHERE, teapot(true)]), 418);
    assert.equal(status([teapot(true), HTTPS]), 301);
  });

  test('of a backend answers its share', () => {
    const backends = [backend('a', { filters: [teapot(true)] }), backend('b')];
    assert.match(explained({ backends }, { path: '/tea' }).summary, /a 50 % \(418 by a teapot\)/);
  });

  test('before the checks of the gateway answers also what these refuse', () => {
    const traced = explained({ filters: [HTTPS], backends: [backend('a')] }, { method: 'TRACE' });
    assert.deepEqual([traced.status, traced.reason], [301, 'redirect']);
    const action: RouteRule['action'] = { kind: 'fail', status: 500, reason: 'invalid_rule', message: 'no' };
    assert.equal(explained({ filters: [HTTPS], action }).status, 301);
    assert.equal(explained({ filters: [ELSEWHERE], action }).status, 500);
  });
});

suite('maintenance', () => {
  const maintenance = { retryAfterSeconds: 60, exceptCidrs: ['192.0.2.0/24'], body: null };
  const policies = [responseValue({ maintenance })];

  test('is the response, also where the backends have the same policy', () => {
    const one = explained({ policies, backends: [backend('a', { policies }), backend('b')] });
    assert.deepEqual(
      [one.outcome, one.reason, one.summary],
      ['refuse', 'maintenance', '503 maintenance, but for clients of 192.0.2.0/24'],
    );
    assert.deepEqual(shown(one.filters), ['responses: maintenance']);
  });

  test('comes after the checks of the gateway', () => {
    const action = { kind: 'fail', status: 500, reason: 'invalid_rule', message: '' } as const;
    assert.equal(explained({ policies, action }).reason, 'invalid_rule');
  });
});

test('the built-in filters have an outcome exactly where they always respond', () => {
  const answering = BUILT_IN_FILTERS.filter((one) => one.outcome !== undefined).map(({ kind }) => kind);
  assert.deepEqual([...new Set(answering)].toSorted(), ['direct-response', 'redirect', 'response']);
  assert.equal(FILTERS.actingFor({ kind: 'captcha' }).length, 0);
});

suite('what protects a rule', () => {
  const policies = [
    accessValue(
      { ...accessPolicy({ name: 'office', rules: [{ name: 'net', clientCidrs: [] }] }), level: 'Gateway' },
      accessPolicy({ name: 'bots', action: 'deny', mode: 'audit', rules: [{ name: 'a' }, { name: 'b' }] }),
    ),
  ];

  test('is listed with its level and effect', () => {
    const { access, auth, limits } = explained({ backends: [testBackend('a')], policies });
    assert.deepEqual(
      access.map(({ policy, level, effect }) => [policy?.name, level, effect]),
      [
        ['office', 'Gateway', 'allows only net'],
        ['bots', 'route', 'denies a, b (audit: refuses nothing)'],
      ],
    );
    assert.deepEqual([auth, limits], [[], []]);
  });

  test('includes the external auth filter', () => {
    const { auth } = explained({ backends: [testBackend('a')], filters: [externalAuth('http')] });
    assert.deepEqual(
      auth.map(({ policy, level }) => [policy, level]),
      [[null, 'rule']],
    );
  });

  test('includes authentication and rate limits', () => {
    const protecting = [authPolicy(authCheck([apiKey()])), rateLimits(testLimit(perMinute(1)))];
    const { auth, limits } = explained({ backends: [testBackend('a')], policies: protecting });
    assert.deepEqual(
      [...auth, ...limits].map(({ policy }) => policy?.kind),
      ['AuthPolicy', 'RateLimitPolicy'],
    );
  });

  test('is nothing for a request that matches no rule', () => {
    const { access, auth, rule } = explained({ pathPrefix: '/other', backends: [], policies });
    assert.deepEqual([access, auth, rule], [[], [], null]);
  });
});
