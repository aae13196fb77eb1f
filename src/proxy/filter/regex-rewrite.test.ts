/** Rewrites by regular expressions: what they make of paths, and what never leaves the gateway. */
import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import { testBackend, testConfig } from '../../../test/support/gateway-config.ts';
import { Random } from '../../../test/support/random.ts';
import { exchangeOnce, type Version } from '../../../test/support/reply-client.ts';
import { ScriptedBackend } from '../../../test/support/scripted-backend.ts';
import { TestProxy } from '../../../test/support/test-proxy.ts';
import type { Filter, RegexRewrite } from '../../ir/filter.ts';
import type { PathMatch } from '../../ir/match.ts';
import { isRequestTarget } from '../../lib/message-grammar.ts';
import { normalisePath } from '../router/path.ts';
import { PathRewriter, type Rewritten } from './regex-rewrite.ts';

const ANY: PathMatch = { kind: 'prefix', value: '/' };

const rewriter = (
  pattern: string | null,
  replacement: string,
  scope: RegexRewrite['scope'] = 'path',
): PathRewriter => new PathRewriter({ pattern, replacement, scope });

/** As text: the target, the reason of a refusal, or `unchanged`. */
const shown = ({ target, refusal }: Rewritten): string => refusal ?? target ?? 'unchanged';

const CASES: readonly (readonly [
  name: string,
  pattern: string,
  replacement: string,
  scope: RegexRewrite['scope'],
  url: string,
  expected: string,
])[] = [
  ['groups', String.raw`^/api/v(\d+)/(.*)$`, '/$2', 'path', '/api/v2/users/7', '/users/7'],
  ['a query of its own', String.raw`^/api/v(\d+)/(.*)$`, '/$2?v=$1', 'path', '/api/v2/users', '/users?v=2'],
  ["the client's query follows", '^/(.*)$', '/x?own=1', 'path', '/a?b=2', '/x?own=1&b=2'],
  ["the client's query stays", '^/a/(.*)$', '/$1', 'path', '/a/b?q=1', '/b?q=1'],
  ["a final ? drops the client's query", '^/a/(.*)$', '/$1?', 'path', '/a/b?q=1', '/b'],
  ['a final ? after a query', '^/(a)$', '/x?y=$1?', 'path', '/a?q=1', '/x?y=a'],
  ['no match', '^/api/', '/x', 'path', '/other?q=1', 'unchanged'],
  ['a part is enough', 'v1', '/whole', 'path', '/api/v1/x', '/whole'],
  ['every part', 'o', '0', 'match', '/foo/bar/o', '/f00/bar/0'],
  ['parts with groups', '/([a-z]+)-([a-z]+)', '/$2-$1', 'match', '/a-b/c-d', '/b-a/d-c'],
  ['an empty match', 'x*', '-', 'match', '/a', '/-/-a-'],
  ['an empty result', '^/gone$', '', 'path', '/gone', '/'],
  ['a group that did not match', '^/a(/b)?$', '/x$1', 'path', '/a', '/x'],
  ['all that matched', '^/(a)$', '/x$0', 'path', '/a', '/x/a'],
  ['a dollar sign', '^/(a)$', '/$$1', 'path', '/a', '/$1'],
  ['ten groups', `^/${'(.)'.repeat(10)}$`, '/${10}$1', 'path', '/abcdefghij', '/ja'],
  ['text that a path cannot have', '^/a$', '/ü x?ä=#', 'path', '/a', '/%C3%BC%20x?%C3%A4=%23'],
  ['no leading slash', '^/(a)$', '$1', 'path', '/a', '/a'],
  ['an authority', '^/(.*)$', '//evil.example/$1', 'path', '/a', '/evil.example/a'],
  ['an authority from groups', '^/x(.*)$', '$1', 'path', '/x//evil.example', '/evil.example'],
  ['a parameter that a group would begin', '^/(.*)$', '/x?v=$1', 'path', '/1&admin=1', '/x?v=1%26admin=1'],
  ['a plus and a semicolon', '^/(.*)$', '/x?v=$1', 'path', '/a+b;c', '/x?v=a%2Bb%3Bc'],
  ['escapes stay', '^/a/(.*)$', '/$1', 'path', '/a/b%2Fc%20d', '/b%2Fc%20d'],
  ['half of an escape', '^/(..)(.*)$', '/$2', 'path', '/a%2Fb', '/2Fb'],
  ['an escape without its digits', '^/(.).*$', '/$1', 'path', '/%2Fx', 'bad_request'],
  ['a dot segment from groups', '^/a.(.*)$', '/.$1', 'path', '/ab./etc/passwd', 'bad_request'],
  ['a dot segment at the end', '^/a(.*)$', '/x/.$1', 'path', '/a.', 'bad_request'],
  ['an encoded dot segment from groups', '^/(.*)x(.*)$', '/a/$1$2/b', 'path', '/%2x%2E', 'bad_request'],
  ['a climb that a parameter hides', '^/a(.*)$', '/x/.$1', 'path', '/a.;y/z', 'bad_request'],
  ['NUL from groups', '^/(%)25(.*)$', '/$1$2', 'path', '/%2500', 'bad_request'],
  ['a long path', '^/(a+)$', '/$1', 'path', `/${'a'.repeat(2_048)}`, 'uri_too_long'],
  ['a target that grows', '^/(a+)$', `/${'$1'.repeat(40)}`, 'path', `/${'a'.repeat(2_000)}`, 'uri_too_long'],
  ['a costly search', 'x(.*y)?', 'z', 'match', `/${'x'.repeat(2_000)}`, 'regex_budget'],
];

suite('the path of a request', () => {
  for (const [name, pattern, replacement, scope, url, expected] of CASES) {
    test(name, () => {
      const mark = url.indexOf('?');
      const path = mark < 0 ? url : url.slice(0, mark);
      const query = mark < 0 ? '' : url.slice(mark + 1);
      assert.equal(shown(rewriter(pattern, replacement, scope).rewrite(path, query, ANY)), expected);
    });
  }

  test('* of OPTIONS is no path', () => {
    assert.equal(shown(rewriter('.*', '/x').rewrite('*', '', ANY)), 'unchanged');
  });

  test('a search that costs too much ends in time', () => {
    const startedAt = performance.now();
    rewriter('(x(.*y)?){1,3}', 'z', 'match').rewrite(`/${'x'.repeat(2_040)}`, '', ANY);
    assert.ok(performance.now() - startedAt < 2_000);
  });
});

suite('groups of the match', () => {
  const match: PathMatch = { kind: 'regex', pattern: '/api/(v[0-9])/(.*)' };

  test('are those of the path', () => {
    assert.equal(shown(rewriter(null, '/$2?v=$1').rewrite('/api/v1/a', '', match)), '/a?v=v1');
  });

  test('have their delimiters encoded where the match is of a reading of the path', () => {
    const rewrite = rewriter(null, '/$2');
    assert.equal(shown(rewrite.rewrite('/api%2Fv1/a%3Fb%20c', '', match)), '/a%3Fb%20c');
    assert.equal(shown(rewrite.rewrite('/api//v1/%C3%BC', '', match)), '/%C3%BC');
    assert.equal(shown(rewrite.rewrite('/api//v1/%FF', '', match)), '/%FF');
    assert.equal(shown(rewrite.rewrite('/api//v1/%2525', '', match)), '/%25');
  });

  test('of another kind are none', () => {
    assert.equal(shown(rewriter(null, '/$2').rewrite('/api/v1/a', '', ANY)), 'unchanged');
  });
});

test('whatever the groups, a target is one that the gateway would take itself', () => {
  const pieces = [
    '/',
    '.',
    '%',
    '2',
    'F',
    'E',
    '5',
    'c',
    'C0',
    'a',
    ';',
    '&',
    '//',
    '..',
    '%2F',
    '%2E',
    '%25',
    '%5C',
  ];
  const templates = ['/$1', '$1$2', '/x/$2$1', '/$2?q=$1', '.$1', '/$1.$2'];
  let sent = 0;
  for (let seed = 0; seed < 20_000; seed++) {
    const random = new Random(seed);
    const raw = `/${Array.from({ length: random.below(8) }, () => random.pick(pieces)).join('')}`;
    const path = normalisePath(raw);
    if (path === null) continue;
    const pattern = random.pick(['^/(.*)(..)$', '^/(.)(.*)$', '^(.*)/(.*)$', '^/([^%]*)%?(.*)$']);
    const { target } = rewriter(pattern, random.pick(templates)).rewrite(path, 'q=1', ANY);
    if (target === null) continue;
    sent += 1;
    const [own = ''] = target.split('?');
    assert.equal(normalisePath(own), own, `${pattern} of ${path}`);
    assert.ok(isRequestTarget(target) && !target.startsWith('//'), target);
  }
  assert.ok(sent > 2_000, String(sent));
});

const rewrite = (path: RegexRewrite | null, hostname: string | null = null): Filter => ({
  kind: 'regex-rewrite',
  hostname,
  path,
});

async function serve(t: TestContext, filters: readonly Filter[]) {
  const heads: string[] = [];
  const backend = await ScriptedBackend.start(async (connection) => {
    heads.push(await connection.readThrough('\r\n\r\n'));
    connection.send('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
  });
  const config = testConfig({
    rules: [{ filters, backends: [testBackend('a')] }],
    endpoints: { a: [backend.port] },
    settings: { reasonHeader: true },
  });
  const proxy = await TestProxy.start(config);
  t.after(async () => {
    await proxy.stop();
    await backend.stop();
  });
  return { proxy, heads };
}

for (const version of ['HTTP/1.1', 'HTTP/2'] satisfies Version[]) {
  suite(`a request over ${version}`, () => {
    test('reaches the backend with path, query and host rewritten', async (t) => {
      const path = { pattern: '^/v(.)/(.*)$', replacement: '/$2?v=$1', scope: 'path' } as const;
      const { proxy, heads } = await serve(t, [rewrite(path, 'internal.example')]);
      await exchangeOnce(proxy, version, { method: 'GET', path: '/v1/a?b=c', fields: [] });
      assert.match(heads[0] ?? '', /^GET \/a\?v=1&b=c HTTP\/1\.1\r\nhost: internal\.example\r\n/i);
    });

    test('keeps what URLRewrite sets beside it', async (t) => {
      const path = { pattern: '^/v./', replacement: '/', scope: 'match' } as const;
      const host: Filter = { kind: 'url-rewrite', hostname: 'b.example', path: null };
      for (const filters of [
        [rewrite(path), host],
        [host, rewrite(path)],
      ]) {
        const { proxy, heads } = await serve(t, filters);
        await exchangeOnce(proxy, version, { method: 'GET', path: '/v1/a', fields: [] });
        assert.match(heads[0] ?? '', /^GET \/a HTTP\/1\.1\r\nhost: b\.example\r\n/i);
      }
    });

    test('whose path would become no path is answered 400 and goes nowhere', async (t) => {
      const path = { pattern: '^/(.).*$', replacement: '/$1', scope: 'path' } as const;
      const { proxy, heads } = await serve(t, [rewrite(path)]);
      const got = await exchangeOnce(proxy, version, { method: 'GET', path: '/%2Fx', fields: [] });
      assert.equal(got.status, 400);
      assert.deepEqual(heads, []);
    });
  });
}

test('a pattern or replacement that the translator refuses closes the rule', async (t) => {
  for (const [pattern, replacement] of [
    ['(', '/'],
    ['(a{1000})', '/'],
    ['a', '/$'],
  ] as const) {
    const { proxy, heads } = await serve(t, [rewrite({ pattern, replacement, scope: 'path' })]);
    const got = await exchangeOnce(proxy, 'HTTP/1.1', { method: 'GET', path: '/a', fields: [] });
    assert.equal(got.status, 500);
    assert.deepEqual(heads, []);
  }
});
