/** Which rule a CORS preflight reaches. Every row is asked of a running proxy and of `explain`. */
import assert from 'node:assert/strict';
import { EXPLAIN_CONTEXT } from '../../../test/support/explain-context.ts';
import { describe, test, type TestContext } from 'node:test';
import type { CorsFilter, Filter } from '../../ir/filter.ts';
import { clusterId } from '../../ir/ids.ts';
import type { RouteMatch } from '../../ir/match.ts';
import type { WeightedBackend } from '../../ir/route.ts';
import { explain } from '../router/explain.ts';
import { compileRegex } from '../router/regex.ts';
import { TEST_PORT, testBackend, testConfig, type TestRule } from '../../../test/support/gateway-config.ts';
import { answering, ScriptedBackend } from '../../../test/support/scripted-backend.ts';
import { TestProxy } from '../../../test/support/test-proxy.ts';

/** Filters are told apart by their max-age. */
const cors = (maxAgeSeconds: number): CorsFilter => ({
  kind: 'cors',
  allowOrigins: ['https://a.example'],
  allowCredentials: false,
  allowMethods: ['*'],
  allowHeaders: [],
  exposeHeaders: [],
  maxAgeSeconds,
});

const at = (value: string, method: string | null = null): Partial<RouteMatch> => ({
  path: { kind: 'prefix', value },
  method,
});
const withHeader = (value: string): Partial<RouteMatch> => ({
  ...at('/api', 'GET'),
  headers: [{ name: 'x-tenant', value: { kind: 'exact', value } }],
});
const through = (filters: readonly Filter[], weight = 1): WeightedBackend => {
  const backend = testBackend('a', { weight });
  return backend.kind === 'cluster' ? { ...backend, filters } : backend;
};
const plain = [testBackend('a')];

interface Row {
  readonly name: string;
  readonly rules: readonly TestRule[];
  /** Method that the preflight asks for. */
  readonly asks: string;
  /** Max-age of the filter that answers, `backend`, or a reason. */
  readonly expected: string;
}

const ROWS: readonly Row[] = [
  {
    name: 'is answered by a rule that matches the method it asks for',
    rules: [{ match: at('/api', 'GET'), filters: [cors(1)], backends: plain }],
    asks: 'GET',
    expected: '1',
  },
  {
    name: 'is told apart by that method',
    rules: [
      { match: at('/api', 'GET'), filters: [cors(1)], backends: plain },
      { match: at('/api', 'PUT'), filters: [cors(2)], backends: plain },
    ],
    asks: 'PUT',
    expected: '2',
  },
  {
    name: 'for a method that no rule has is an OPTIONS request, and without a rule',
    rules: [{ match: at('/api', 'GET'), filters: [cors(1)], backends: plain }],
    asks: 'PUT',
    expected: 'no_rule',
  },
  {
    name: 'does not go to the backend of a rule for more paths',
    rules: [
      { match: at('/api', 'GET'), filters: [cors(1)], backends: plain },
      { match: at('/'), backends: plain },
    ],
    asks: 'GET',
    expected: '1',
  },
  {
    name: 'does not go to the backend of a rule for OPTIONS that comes first',
    rules: [
      { match: at('/api', 'OPTIONS'), backends: plain },
      { match: at('/api', 'GET'), filters: [cors(1)], backends: plain },
    ],
    asks: 'GET',
    expected: '1',
  },
  {
    name: 'goes to the backend where the rule for its method has no CORS filter',
    rules: [
      { match: at('/api/x', 'GET'), backends: plain },
      { match: at('/api', 'OPTIONS'), backends: plain },
    ],
    asks: 'GET',
    expected: 'backend',
  },
  {
    name: 'is answered by a rule for OPTIONS with a CORS filter',
    rules: [
      { match: at('/api', 'GET'), backends: plain },
      { match: at('/api', 'OPTIONS'), filters: [cors(3)], backends: plain },
    ],
    asks: 'GET',
    expected: '3',
  },
  {
    name: 'does not reach a rule by the value of a header field that it cannot know',
    rules: [
      { match: withHeader('one'), filters: [cors(1)], backends: plain },
      { match: at('/api', 'GET'), filters: [cors(2)], backends: plain },
    ],
    asks: 'GET',
    expected: '2',
  },
  {
    name: 'is answered for a rule of which a backend has the CORS filter',
    rules: [{ match: at('/api', 'GET'), backends: [through([]), through([cors(4)])] }],
    asks: 'GET',
    expected: '4',
  },
  {
    name: 'is not answered by the filter of a backend that takes no requests',
    rules: [{ match: at('/api'), backends: [through([cors(4)], 0), through([])] }],
    asks: 'GET',
    expected: 'backend',
  },
  {
    name: 'meets the 500 of an invalid rule, and no other rule',
    rules: [
      {
        match: at('/api', 'GET'),
        filters: [cors(1)],
        action: { kind: 'fail', status: 500, reason: 'invalid_filter', message: '' },
      },
      { match: at('/'), backends: plain },
    ],
    asks: 'GET',
    expected: 'invalid_filter',
  },
];

/** Matches of every type: one that the preflight for GET meets, and one that it does not. */
const TYPES: Readonly<Record<string, readonly [fits: Partial<RouteMatch>, differs: Partial<RouteMatch>]>> = {
  'an exact path': [{ path: { kind: 'exact', value: '/api/x' } }, { path: { kind: 'exact', value: '/api' } }],
  'a path prefix': [{ path: { kind: 'prefix', value: '/api' } }, { path: { kind: 'prefix', value: '/ap' } }],
  'a path pattern': [
    { path: { kind: 'regex', pattern: '/a.*x' } },
    { path: { kind: 'regex', pattern: '/a.*y' } },
  ],
  'a method': [{ method: 'GET' }, { method: 'PUT' }],
  'a query parameter': [
    { query: [{ name: 'q', value: { kind: 'exact', value: '1' } }] },
    { query: [{ name: 'q', value: { kind: 'exact', value: '2' } }] },
  ],
  'a pattern of a query parameter': [
    { query: [{ name: 'q', value: { kind: 'regex', pattern: '[0-9]' } }] },
    { query: [{ name: 'q', value: { kind: 'regex', pattern: '[a-z]' } }] },
  ],
  'a header field that the preflight has itself': [
    { headers: [{ name: 'origin', value: { kind: 'exact', value: 'https://a.example' } }] },
    { headers: [{ name: 'origin', value: { kind: 'exact', value: 'https://b.example' } }] },
  ],
  'a pattern of such a field': [
    { headers: [{ name: 'origin', value: { kind: 'regex', pattern: 'https://.*' } }] },
    { headers: [{ name: 'origin', value: { kind: 'regex', pattern: 'http://.*' } }] },
  ],
};

const ofTypes = (): readonly Row[] =>
  Object.entries(TYPES).flatMap(([type, [fits, differs]]) => {
    const rules = (match: Partial<RouteMatch>): readonly TestRule[] => [
      { match: { ...at('/', 'GET'), ...match }, filters: [cors(1)], backends: plain },
      { match: at('/', 'GET'), filters: [cors(2)], backends: plain },
    ];
    const row = (name: string, match: Partial<RouteMatch>, expected: string): Row => ({
      name,
      rules: rules(match),
      asks: 'GET',
      expected,
    });
    return [
      row(`is answered by a rule that matches by ${type}`, fits, '1'),
      row(`passes over a rule that does not match by ${type}`, differs, '2'),
    ];
  });

async function start(t: TestContext, rules: readonly TestRule[]) {
  const backend = await ScriptedBackend.start(answering('backend'));
  const auth = await ScriptedBackend.start();
  const endpoints = { a: [backend.port], auth: [auth.port] };
  const config = testConfig({ rules, endpoints, settings: { reasonHeader: true } });
  const proxy = await TestProxy.start(config);
  t.after(async () => {
    await proxy.stop();
    await backend.stop();
    await auth.stop();
  });
  return { client: await proxy.connect(), config, auth };
}

const preflight = (asks: string): string =>
  `OPTIONS /api/x?q=1 HTTP/1.1\r\nHost: h\r\nOrigin: https://a.example\r\nAccess-Control-Request-Method: ${asks}\r\n` +
  'Access-Control-Request-Headers: x-tenant\r\n\r\n';

describe('a preflight', () => {
  for (const { name, rules, asks, expected } of [...ROWS, ...ofTypes()]) {
    test(name, async (t) => {
      const { client, config } = await start(t, rules);
      client.send(preflight(asks));
      const response = await client.readResponse();
      const reason = response.header('x-sluice-reason');
      const isAnswered = reason === 'cors_preflight';
      const answered = isAnswered ? response.header('access-control-max-age') : reason;
      assert.equal(answered ?? response.body, expected);
      if (isAnswered) assert.equal(response.header('access-control-allow-origin'), 'https://a.example');

      const fields: Readonly<Record<string, string>> = {
        origin: 'https://a.example',
        'access-control-request-method': asks,
      };
      const explained = explain(
        config,
        {
          port: TEST_PORT,
          method: 'OPTIONS',
          host: 'h',
          path: '/api/x',
          query: 'q=1',
          serverName: null,
          header: (field) => fields[field],
        },
        compileRegex,
        EXPLAIN_CONTEXT,
      );
      assert.equal(explained?.reason ?? null, reason ?? null);
      assert.equal(explained?.outcome === 'forward', response.body === 'backend');
    });
  }

  test('is answered for a backend before the auth server of the rule is asked', async (t) => {
    const ask: Filter = {
      kind: 'external-auth',
      cluster: clusterId('auth'),
      origin: { kind: 'Service', namespace: 'test', name: 'auth' },
      protocol: { kind: 'http', pathPrefix: '', allowedRequestHeaders: [], allowedResponseHeaders: [] },
      forwardBodyBytes: 0,
    };
    const { client, auth } = await start(t, [{ filters: [ask], backends: [through([cors(5)])] }]);
    client.send(preflight('GET'));
    const response = await client.readResponse();
    assert.equal(response.header('access-control-max-age'), '5');
    assert.equal(auth.connections.length, 0);
  });

  test('is explained by the method that it asks for', () => {
    const rules: readonly TestRule[] = [
      { match: at('/api', 'GET'), filters: [cors(1)], backends: plain },
      { match: at('/api', 'PUT'), filters: [cors(2)], backends: plain },
    ];
    const fields: Readonly<Record<string, string>> = { origin: 'o', 'access-control-request-method': 'PUT' };
    const view = { method: 'OPTIONS', host: 'h', path: '/api', query: '', serverName: null };
    const explained = explain(
      testConfig({ rules, endpoints: { a: [1] } }),
      { ...view, port: TEST_PORT, header: (field) => fields[field] },
      compileRegex,
      EXPLAIN_CONTEXT,
    );
    assert.equal(explained?.rule?.index, 1);
    assert.deepEqual(
      explained.nearMisses.map(({ because }) => because),
      ['method: expected GET, got PUT (the preflight asks for it)'],
    );
  });
});
