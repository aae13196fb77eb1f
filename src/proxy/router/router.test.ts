import assert from 'node:assert/strict';
import { EXPLAIN_CONTEXT } from '../../../test/support/explain-context.ts';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { hostnameCovers } from '../../lib/hostname.ts';
import { DEFAULT_CLUSTER_POLICY, DEFAULT_TIMEOUTS } from '../../ir/policy.ts';
import { gatewayDataPlane } from '../../ir/data-plane-id.ts';
import { DEFAULT_PROXY_SETTINGS, type GatewayConfig } from '../../ir/gateway-config.ts';
import { clusterId, listenerId, type RuleId } from '../../ir/ids.ts';
import type { HttpListener } from '../../ir/listener.ts';
import type { RouteMatch, StringMatch } from '../../ir/match.ts';
import type { RouteRule } from '../../ir/route.ts';
import { listeners, request, viewOf } from '../../../test/support/router-arbitraries.ts';
import { compileRegex } from './regex.ts';
import { explain } from './explain.ts';
import { matchPath, normalisePath } from './path.ts';
import type { RequestView } from './request-view.ts';
import { PortRouter } from './router.ts';
import { testAttachment } from '../../../test/support/attachment.ts';

/** The slow, obvious matcher: reads the IR directly, sorts hostnames by length, tries everything. */
function referenceMatch(listeners: readonly HttpListener[], view: RequestView): RuleId | string {
  const specificity = (hostname: string): number =>
    hostname === '' ? -1 : (hostname.startsWith('*') ? 0 : 1000) + hostname.length;
  const covering = <T extends { readonly hostname: string }>(items: readonly T[]): T[] =>
    items
      .filter(({ hostname }) => hostnameCovers(hostname, view.host))
      .toSorted((a, b) => specificity(b.hostname) - specificity(a.hostname));
  const [listener] = covering(listeners);
  if (listener === undefined) return 'no_listener_host';
  for (const { entries } of covering(listener.virtualHosts)) {
    for (const { match, rule } of entries) if (referenceEntry(match, view)) return rule;
  }
  return 'no_rule';
}

function referenceEntry(match: RouteMatch, view: RequestView): boolean {
  const path = matchPath(view.path);
  const text = ({ kind, ...rest }: StringMatch, value: string | undefined): boolean =>
    value !== undefined &&
    (kind === 'exact'
      ? value === (rest as { value: string }).value
      : compileRegex((rest as { pattern: string }).pattern).test(value));
  const segments = (value: string): string[] => value.split('/').filter((segment) => segment !== '');
  const under = (prefix: string): boolean =>
    segments(prefix).every((segment, index) => path.split('/')[index + 1] === segment);
  const pathHolds =
    match.path.kind === 'exact'
      ? path === match.path.value
      : match.path.kind === 'prefix'
        ? under(match.path.value)
        : compileRegex(match.path.pattern).test(path);
  return (
    pathHolds &&
    (match.method === null || match.method === view.method) &&
    match.headers.every(({ name, value }) => text(value, view.header(name))) &&
    match.query.every(({ name, value }) => {
      const pair = view.query.split('&').find((part) => part.split('=')[0] === name);
      return text(
        value,
        pair?.includes('=') === true
          ? pair.slice(pair.indexOf('=') + 1)
          : pair === undefined
            ? undefined
            : '',
      );
    })
  );
}

suite('router', () => {
  test('agrees with the reference matcher for any routes and requests', () => {
    fc.assert(
      fc.property(listeners, fc.array(request, { minLength: 1, maxLength: 20 }), (table, requests) => {
        const router = new PortRouter<RuleId>({ listeners: table, ruleOf: (id) => id, regex: compileRegex });
        for (const one of requests) {
          const view = viewOf(one);
          const hit = router.match(view, null);
          assert.equal(hit.rule ?? hit.reason, referenceMatch(table, view));
        }
      }),
      { numRuns: 300 },
    );
  });

  test('explain gives the same rule as match', () => {
    fc.assert(
      fc.property(listeners, request, (table, one) => {
        const config = configOf(table);
        const view = viewOf(one);
        const rules = new Map(config.rules.map((rule) => [rule.id, rule]));
        const router = new PortRouter({
          listeners: table,
          ruleOf: (id) => rules.get(id) ?? null,
          regex: compileRegex,
        });
        const hit = router.match(view, null);
        const explained = explain(
          config,
          { ...view, port: 80, serverName: null },
          compileRegex,
          EXPLAIN_CONTEXT,
        );
        assert.deepEqual(explained?.rule ?? null, hit.rule?.origin ?? null);
        assert.equal(explained?.attachment ?? null, hit.listener?.attachment ?? null);
      }),
      { numRuns: 200 },
    );
  });

  test('returns preallocated hits', () => {
    const [table] = fc.sample(listeners, 1);
    const router = new PortRouter<RuleId>({
      listeners: table ?? [],
      ruleOf: (id) => id,
      regex: compileRegex,
    });
    const view = viewOf({ method: 'GET', host: 'nobody.test', path: '/', query: '', headers: {} });
    assert.equal(router.match(view, null), router.match(view, null));
  });

  test('refuses a host of another TLS listener with 421, an unknown one with 404', () => {
    const tls = {
      certificates: [],
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.3',
      cipherSuites: [],
      alpn: [],
      clientValidation: null,
    } as const;
    const listener = (hostname: string): HttpListener => ({
      kind: 'http',
      id: listenerId(hostname),
      attachment: testAttachment(hostname),
      hostname,
      tls,
      virtualHosts: [],
    });
    const table = [listener('a.example.com'), listener('*.example.com')];
    const router = new PortRouter<RuleId>({ listeners: table, ruleOf: (id) => id, regex: compileRegex });
    const reason = (name: string, serverName: string): string | null =>
      router.match(viewOf({ method: 'GET', host: name, path: '/', query: '', headers: {} }), serverName)
        .reason;
    assert.equal(reason('b.example.com', 'a.example.com'), 'misdirected');
    assert.equal(reason('a.example.com', 'b.example.com'), 'misdirected');
    assert.equal(reason('c.example.com', 'b.example.com'), 'no_rule');
    assert.equal(reason('other.org', 'a.example.com'), 'no_listener_host');
  });
});

function configOf(table: HttpListener[]): GatewayConfig {
  const ids = new Set(
    table.flatMap(({ virtualHosts }) => virtualHosts.flatMap(({ entries }) => entries.map((e) => e.rule))),
  );
  const cluster = clusterId('c');
  const backend = { kind: 'Service', namespace: 'n', name: 's', section: '80' };
  return {
    version: '',
    generation: 1,
    dataPlane: gatewayDataPlane({ namespace: 'n', name: 'g' }),
    addresses: [],
    ports: [{ number: 80, transport: 'tcp', listeners: table }],
    rules: [...ids].map((id): RouteRule => ({
      id,
      origin: { kind: 'HTTPRoute', namespace: 'n', name: id, index: 0 },
      protocol: 'http',
      filters: [],
      action: {
        kind: 'forward',
        backends: [{ kind: 'cluster', cluster, weight: 1, filters: [], origin: backend }],
      },
      timeouts: DEFAULT_TIMEOUTS,
      retry: null,
      sessionPersistence: null,
    })),
    clusters: [
      {
        id: cluster,
        origin: backend,
        protocol: 'http1',
        tls: null,
        discovery: { kind: 'endpoints' },
        policy: DEFAULT_CLUSTER_POLICY,
      },
    ],
    endpoints: [],
    certificates: [],
    settings: DEFAULT_PROXY_SETTINGS,
  };
}

suite('paths', () => {
  const cases: readonly (readonly [string, string | null])[] = [
    ['/', '/'],
    ['/a/b', '/a/b'],
    ['/a/../b', '/b'],
    ['/a/./b/.', '/a/b/'],
    ['/a/b/..', '/a/'],
    ['/..', null],
    ['/a/../../b', null],
    ['/%61dmin', '/admin'],
    ['/%2e%2e/admin', null],
    ['/a/%2e%2e/admin', '/admin'],
    ['/a%2fb', '/a%2Fb'],
    ['/a%2f..%2fb', null],
    ['/a/%252e%252e/b', null],
    ['/a/..;x/b', null],
    ['/a\\b', null],
    ['/a%5cb', null],
    ['/a%00', null],
    ['/a%zz', null],
    ['/a%2', null],
    ['/%c0%ae%c0%ae/', null],
    ['/%e0%80%ae', null],
    ['/caf%c3%a9', '/caf%C3%A9'],
    ['//a//b', '//a//b'],
    ['/.hidden', '/.hidden'],
    ['/a..b/...', '/a..b/...'],
  ];
  for (const [from, to] of cases) {
    test(`${from} becomes ${String(to)}`, () => {
      assert.equal(normalisePath(from), to);
    });
  }

  const piece = fc.constantFrom(
    '/',
    '//',
    '.',
    '..',
    'admin',
    'x',
    '%2e',
    '%2E',
    '%2f',
    '%2F',
    ';',
    ';p=1',
    '%61',
    '%25',
    '%252e',
    'dmin',
    '%3b',
  );

  test('no spelling reaches what a decoding backend calls /admin without the rule for /admin', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 10 }), (pieces) => {
        const raw = `/${pieces.join('')}`;
        const forwarded = normalisePath(raw);
        if (forwarded === null) return;
        if (!decodingBackend(forwarded).startsWith('/admin/')) return;
        assert.ok(`${matchPath(forwarded)}/`.startsWith('/admin/'), `${raw} → ${forwarded}`);
      }),
      { numRuns: 20_000 },
    );
  });

  test('normalizing twice changes nothing', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const once = normalisePath(`/${pieces.join('')}`);
        if (once !== null) assert.equal(normalisePath(once), once);
      }),
    );
  });
});

/** A backend that decodes everything once, drops path parameters, merges slashes and resolves dots, in that order. */
function decodingBackend(path: string): string {
  const decoded = decodeURIComponent(path.replace(/%(?![0-9a-f]{2})/gi, '%25'));
  const stack: string[] = [];
  for (const raw of decoded.split('/')) {
    const segment = raw.replace(/;.*/, '');
    if (segment === '..') stack.pop();
    else if (segment !== '' && segment !== '.') stack.push(segment);
  }
  return `/${stack.join('/')}/`;
}
