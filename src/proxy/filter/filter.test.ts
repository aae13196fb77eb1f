import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import type { CorsFilter, Filter, HeaderField, RedirectFilter } from '../../ir/filter.ts';
import type { PathMatch } from '../../ir/match.ts';
import type { RouteRule } from '../../ir/route.ts';
import { testConfig } from '../../../test/support/gateway-config.ts';
import { testLeases } from '../../../test/support/test-leases.ts';
import type { RequestView } from '../router/request-view.ts';
import { CompiledCors } from './cors.ts';
import { NO_DEPS } from '../../../test/support/no-credentials.ts';
import type { FilterDeps } from './definition.ts';
import { FILTERS } from './filters.ts';
import { MirrorShare } from './mirror-share.ts';
import { rewritePath } from './path-rewrite.ts';
import { redirectLocation } from './redirect.ts';
import { CompiledRewrite } from './url-rewrite.ts';

const view = (
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
  query = '',
): RequestView => ({
  method,
  host: 'example.com',
  path,
  query,
  header: (name) => headers[name],
});
const prefix = (value: string): PathMatch => ({ kind: 'prefix', value });

suite('path rewrites', () => {
  // The table in the comment of HTTPPathModifier.replacePrefixMatch.
  const rows: readonly (readonly [string, string, string, string])[] = [
    ['/foo/bar', '/foo', '/xyz', '/xyz/bar'],
    ['/foo/bar', '/foo', '/xyz/', '/xyz/bar'],
    ['/foo/bar', '/foo/', '/xyz', '/xyz/bar'],
    ['/foo/bar', '/foo/', '/xyz/', '/xyz/bar'],
    ['/foo', '/foo', '/xyz', '/xyz'],
    ['/foo/', '/foo', '/xyz', '/xyz/'],
    ['/foo/bar', '/foo', '', '/bar'],
    ['/foo/', '/foo', '', '/'],
    ['/foo', '/foo', '', '/'],
    ['/foo/', '/foo', '/', '/'],
    ['/foo', '/foo', '/', '/'],
    ['/bar', '/', '/xyz', '/xyz/bar'],
    ['/a%2Fb/c', '/a/b', '/x', '/x/c'],
  ];
  for (const [path, match, value, expected] of rows) {
    test(`${path} under ${match}, replaced by "${value}", is ${expected}`, () => {
      assert.equal(rewritePath({ kind: 'prefix', value }, path, prefix(match)), expected);
    });
  }

  test('a rewrite keeps the query', () => {
    const rewrite = new CompiledRewrite({
      kind: 'url-rewrite',
      hostname: 'other',
      path: { kind: 'full', value: '/one' },
    });
    assert.equal(rewrite.target(view('/x', {}, 'GET', 'a=1'), prefix('/')), '/one?a=1');
    assert.equal(rewrite.authority, 'other');
  });
});

suite('redirects', () => {
  const plain: RedirectFilter = {
    kind: 'redirect',
    scheme: null,
    hostname: null,
    path: null,
    port: null,
    status: 302,
  };
  const at = (
    change: Partial<RedirectFilter>,
    scheme: 'http' | 'https',
    listenerPort: number,
  ): string | null =>
    redirectLocation({ ...plain, ...change }, view('/p', {}, 'GET', 'q=1'), prefix('/'), {
      scheme,
      listenerPort,
    });

  test('ports follow the scheme of the filter, else the listener', () => {
    assert.equal(at({ hostname: 'o.org' }, 'http', 80), 'http://o.org/p?q=1');
    assert.equal(at({ hostname: 'o.org' }, 'http', 8080), 'http://o.org:8080/p?q=1');
    assert.equal(at({ scheme: 'https' }, 'http', 8080), 'https://example.com/p?q=1');
    assert.equal(at({ scheme: 'http' }, 'https', 443), 'http://example.com/p?q=1');
    assert.equal(at({ scheme: 'https', port: 8443 }, 'http', 80), 'https://example.com:8443/p?q=1');
    assert.equal(at({ port: 80 }, 'http', 8080), 'http://example.com/p?q=1');
    assert.equal(at({ port: 443 }, 'http', 80), 'http://example.com:443/p?q=1');
    assert.equal(at({}, 'https', 443), 'https://example.com/p?q=1');
  });

  test('without a host the location is relative, or there is none', () => {
    const from = (path: string, change: Partial<RedirectFilter>): string | null =>
      redirectLocation({ ...plain, ...change }, { ...view(path, {}, 'GET', 'q=1'), host: '' }, prefix('/'), {
        scheme: 'http',
        listenerPort: 8080,
      });
    assert.equal(from('/p', { path: { kind: 'full', value: '/new' } }), '/new?q=1');
    assert.equal(from('/p', { hostname: 'o.org' }), 'http://o.org:8080/p?q=1');
    assert.equal(from('/p', { scheme: 'https' }), null);
    assert.equal(from('/p', { port: 81 }), null);
    // A reference that begins with two slashes names a host: this would be a redirect to anywhere.
    assert.equal(from('//evil.example/p', {}), '/.//evil.example/p?q=1');
  });
});

suite('CORS', () => {
  const filter: CorsFilter = {
    kind: 'cors',
    allowOrigins: ['https://www.foo.com', 'https://*.bar.com'],
    allowCredentials: true,
    allowMethods: ['GET', 'OPTIONS'],
    allowHeaders: ['x-header-1', 'x-header-2'],
    exposeHeaders: ['x-header-3'],
    maxAgeSeconds: 3600,
  };
  const asked = (origin: string): RequestView =>
    view(
      '/',
      { origin, 'access-control-request-method': 'GET', 'access-control-request-headers': 'x-header-1' },
      'OPTIONS',
    );
  const asObject = (fields: readonly HeaderField[]): Record<string, string> =>
    Object.fromEntries(fields.map(({ name, value }) => [name, value]));

  test('a preflight of an allowed origin', () => {
    assert.deepEqual(asObject(new CompiledCors(filter).preflightFields(asked('https://a.b.bar.com'))), {
      vary: 'Origin',
      'access-control-allow-origin': 'https://a.b.bar.com',
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'GET, OPTIONS',
      'access-control-allow-headers': 'x-header-1, x-header-2',
      'access-control-max-age': '3600',
      'access-control-expose-headers': 'x-header-3',
    });
  });

  for (const origin of [
    'https://bar.com',
    'https://evilbar.com',
    'http://www.foo.com',
    'https://www.foo.com.evil.org',
    'https://www.foo.com:8443',
    'https://evil.org/.bar.com',
    'https://evil.org:1.bar.com',
    'null',
  ]) {
    test(`${origin} is not allowed`, () => {
      assert.deepEqual(asObject(new CompiledCors(filter).preflightFields(asked(origin))), { vary: 'Origin' });
      assert.deepEqual(asObject(new CompiledCors(filter).responseFields(asked(origin))), { vary: 'Origin' });
    });
  }

  test('the default port may be written', () => {
    const fields = asObject(new CompiledCors(filter).responseFields(asked('https://www.foo.com:443')));
    assert.equal(fields['access-control-allow-origin'], 'https://www.foo.com:443');
  });

  test('wildcards are answered with what was asked for', () => {
    const any: CorsFilter = { ...filter, allowOrigins: ['*'], allowMethods: ['*'], allowHeaders: ['*'] };
    const fields = asObject(new CompiledCors(any).preflightFields(asked('https://x.y')));
    assert.equal(fields['access-control-allow-origin'], 'https://x.y');
    assert.equal(fields['access-control-allow-methods'], 'GET');
    assert.equal(fields['access-control-allow-headers'], 'x-header-1');
  });
});

const NO_CLUSTERS: FilterDeps = {
  ...NO_DEPS,
  refusalCounterOf: () => assert.fail('there is no policy'),
  leases: testLeases(),
  limitOf: () => assert.fail('there is no limit'),
};

function ruleWith(filters: readonly Filter[]): RouteRule {
  const [rule] = testConfig({ rules: [{ filters }] }).rules;
  assert.ok(rule);
  return rule;
}

suite('filters together', () => {
  test('the rule edits a request before its backend, an answer after it', () => {
    const set = (value: string) => ({ set: [{ name: 'X-A', value }], add: [], remove: [] });
    const filters = (value: string): Filter[] => [
      { kind: 'request-headers', edit: set(value) },
      { kind: 'response-headers', edit: set(value) },
    ];
    const rule = ruleWith(filters('rule'));
    const { requestEdits, responseEdits } = FILTERS.compileBackend(
      rule,
      { filters: filters('backend') },
      FILTERS.compileRule(rule, NO_CLUSTERS),
      NO_CLUSTERS,
    );
    assert.deepEqual(requestEdits.merged.append, [{ name: 'X-A', value: 'backend' }]);
    assert.deepEqual(responseEdits.merged.append, [{ name: 'X-A', value: 'rule' }]);
  });

  test('a mirror takes exactly its share', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.nat(), (denominator, seed) => {
        const numerator = seed % (denominator + 1);
        const share = new MirrorShare({ numerator, denominator } as ConstructorParameters<
          typeof MirrorShare
        >[0]);
        const taken = Array.from({ length: denominator * 3 }, () => share.take()).filter(Boolean).length;
        assert.equal(taken, numerator * 3);
      }),
    );
  });
});
