import assert from 'node:assert/strict';
import { EXPLAIN_CONTEXT } from '../../../test/support/explain-context.ts';
import { suite, test } from 'node:test';
import { invalidBackend, l4Config, rule } from '../../../test/support/l4-config.ts';
import { tlsListener } from '../../../test/support/tls-listener.ts';
import { testBackend, testConfig, TEST_PORT, type TestRule } from '../../../test/support/gateway-config.ts';
import { explain, type ExplainRequest, type Explanation } from './explain.ts';
import { compileRegex } from './regex.ts';

function ask(
  rules: readonly TestRule[],
  request: Partial<Omit<ExplainRequest, 'header'>> & { readonly headers?: Readonly<Record<string, string>> },
): Explanation {
  const { headers = {}, ...rest } = request;
  const config = testConfig({ rules, endpoints: { a: [9000], b: [9001] }, hostname: '*.example.com' });
  const view = { method: 'GET', host: 'a.example.com', path: '/', query: '', serverName: null, ...rest };
  const explanation = explain(
    config,
    { ...view, port: TEST_PORT, header: (name) => headers[name] },
    compileRegex,
    EXPLAIN_CONTEXT,
  );
  assert.ok(explanation !== null);
  return explanation;
}

suite('explain', () => {
  const rules: readonly TestRule[] = [
    {
      pathPrefix: '/api',
      match: {
        path: { kind: 'prefix', value: '/api' },
        headers: [{ name: 'x-v', value: { kind: 'exact', value: '2' } }],
      },
      backends: [testBackend('a')],
    },
    { pathPrefix: '/api', backends: [testBackend('a', { weight: 3 }), testBackend('b')] },
    { backends: [testBackend('b')] },
  ];

  test('what a backend answers by its own filters is the outcome, or a note at its share', () => {
    const redirecting = {
      ...testBackend('a'),
      filters: [
        { kind: 'redirect', scheme: 'https', hostname: null, path: null, port: null, status: 301 },
      ] as const,
    };
    const alone = ask([{ backends: [redirecting] }], {});
    assert.deepEqual([alone.outcome, alone.status, alone.reason], ['redirect', 301, 'redirect']);
    const shared = ask([{ backends: [redirecting, testBackend('b')] }], {});
    assert.equal(shared.outcome, 'forward');
    assert.match(shared.summary, /50 % \(301 by a redirect filter\), .* 50 %$/);
    assert.equal(shared.backends[0]?.filters[0]?.kind, 'redirect');
  });

  test('names what won, its shares, and why each of the others lost', () => {
    const { outcome, rule, backends, nearMisses, listenerBecause } = ask(rules, {
      path: '/api/x',
      headers: { 'x-v': '1' },
    });
    assert.equal(outcome, 'forward');
    assert.equal(rule?.index, 1);
    assert.deepEqual(
      backends.map(({ share, endpoints }) => [share, endpoints[0]?.address]),
      [
        [75, '127.0.0.1:9000'],
        [25, '127.0.0.1:9001'],
      ],
    );
    assert.deepEqual(
      nearMisses.map(({ rule: near, because }) => [near.index, because]),
      [
        [0, 'header x-v: expected = "2", got "1"'],
        [2, 'matches too, but an earlier rule takes precedence'],
      ],
    );
    assert.match(listenerBecause, /\*\.example\.com.* most specific .* covers a\.example\.com/);
  });

  test('a host that no listener has', () => {
    const { outcome, reason, listener, listenerBecause } = ask(rules, { host: 'other.org' });
    assert.deepEqual([outcome, reason, listener], ['refuse', 'no_listener_host', null]);
    assert.equal(listenerBecause, 'no listener of the port is for other.org');
  });

  test('a path that is refused before it is matched', () => {
    assert.equal(ask(rules, { path: '/api/%2e%2e%2fx' }).reason, 'bad_request');
  });

  test('a preflight is answered before a redirect; other requests are redirected', () => {
    const cors: TestRule = {
      filters: [
        { kind: 'redirect', scheme: 'https', hostname: null, path: null, port: null, status: 301 },
        {
          kind: 'cors',
          allowOrigins: ['*'],
          allowCredentials: false,
          allowMethods: [],
          allowHeaders: [],
          exposeHeaders: [],
          maxAgeSeconds: 5,
        },
      ],
    };
    const headers = { origin: 'https://x.org', 'access-control-request-method': 'GET' };
    const preflight = ask([cors], { method: 'OPTIONS', headers });
    assert.deepEqual(
      [preflight.outcome, preflight.reason, preflight.status],
      ['answer', 'cors_preflight', 204],
    );
    const plain = ask([cors], { headers });
    assert.deepEqual([plain.outcome, plain.status], ['redirect', 301]);
  });

  test('characters beyond ASCII are compared as they travel', () => {
    const wide: TestRule = {
      match: { headers: [{ name: 'x-name', value: { kind: 'exact', value: 'Zoë' } }] },
      backends: [testBackend('a')],
    };
    assert.equal(ask([wide], { headers: { 'x-name': 'Zoë' } }).outcome, 'forward');
  });

  test('a TLS connection that no backend takes is closed: there is no status', () => {
    const through = tlsListener('a.example', []);
    const config = l4Config({
      tcp: {
        443: [{ ...through, hosts: [{ hostname: 'a.example', rule: rule('route', invalidBackend()) }] }],
      },
    });
    const explanation = explain(
      config,
      {
        ...{ port: 443, protocol: 'tls', serverName: 'a.example' },
        ...{ method: '', host: '', path: '', query: '', header: () => undefined },
      },
      compileRegex,
      EXPLAIN_CONTEXT,
    );
    assert.ok(explanation !== null);
    assert.deepEqual([explanation.outcome, explanation.status], ['refuse', null]);
    assert.match(explanation.backends[0]?.problem ?? '', /^the connection is closed: invalid_ref: /);
  });

  test('what comes out survives JSON', () => {
    const explanation = ask(rules, { path: '/api' });
    assert.deepEqual(JSON.parse(JSON.stringify(explanation)), explanation);
  });
});
