/** Several teams on one port: what one of them writes does not reach, take or slow down what another has. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { listenerId, ruleId, type RuleId } from '../../ir/ids.ts';
import type { HttpListener } from '../../ir/listener.ts';
import type { PathMatch } from '../../ir/match.ts';
import type { ListenerTls } from '../../ir/tls.ts';
import type { RegexCompiler } from './entry.ts';
import { compileRegex } from './regex.ts';
import type { RequestView } from './request-view.ts';
import { PortRouter, type RouterInput } from './router.ts';
import { testAttachment } from '../../../test/support/attachment.ts';

interface TestHost {
  readonly hostname: string;
  readonly rules: Readonly<Record<string, PathMatch>>;
}

const anyPath: PathMatch = { kind: 'prefix', value: '/' };
const TLS: ListenerTls = {
  certificates: [],
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.3',
  cipherSuites: [],
  alpn: [],
  clientValidation: null,
};

function listener(
  hostname: string,
  hosts: readonly TestHost[],
  tls: ListenerTls | null = null,
): HttpListener {
  return {
    kind: 'http',
    id: listenerId(`listener ${hostname}`),
    attachment: testAttachment(hostname),
    hostname,
    tls,
    virtualHosts: hosts.map((host) => ({
      hostname: host.hostname,
      entries: Object.entries(host.rules).map(([rule, path]) => ({
        match: { path, method: null, headers: [], query: [] },
        rule: ruleId(rule),
      })),
    })),
  };
}

const routerOf = (
  listeners: readonly HttpListener[],
  regex: RouterInput<RuleId>['regex'] = compileRegex,
): PortRouter<RuleId> => new PortRouter<RuleId>({ listeners, ruleOf: (id) => id, regex });

const get = (host: string, path = '/'): RequestView => ({
  method: 'GET',
  host,
  path,
  query: '',
  header: () => undefined,
});

suite('tenants', () => {
  test('a wildcard route takes nothing from a more specific hostname that has the path', () => {
    const router = routerOf([
      listener('', [
        { hostname: '', rules: { everything: anyPath } },
        { hostname: '*.example.com', rules: { thief: { kind: 'exact', value: '/pay' } } },
        { hostname: 'shop.example.com', rules: { shop: anyPath } },
      ]),
    ]);
    assert.equal(router.match(get('shop.example.com', '/pay'), null).rule, 'shop');
    assert.equal(router.match(get('other.example.com', '/pay'), null).rule, 'thief');
    assert.equal(router.match(get('other.example.com', '/'), null).rule, 'everything');
  });

  test('a listener of another team serves nothing of a host that has its own listener', () => {
    const router = routerOf([
      listener('*.example.com', [{ hostname: '*.example.com', rules: { wide: anyPath } }]),
      listener('shop.example.com', [
        { hostname: 'shop.example.com', rules: { shop: { kind: 'prefix', value: '/shop' } } },
      ]),
    ]);
    assert.equal(router.match(get('shop.example.com', '/shop/1'), null).rule, 'shop');
    const miss = router.match(get('shop.example.com', '/private'), null);
    assert.equal(miss.rule, null);
    assert.equal(miss.reason, 'no_rule', 'listener isolation: the wildcard listener is not asked');
  });

  test('a listener whose routes are all gone still keeps its hosts', () => {
    const router = routerOf([
      listener('', [{ hostname: '', rules: { wide: anyPath } }]),
      listener('shop.example.com', []),
    ]);
    assert.equal(router.match(get('shop.example.com'), null).reason, 'no_rule');
  });

  test("one team's 10,000 regular expressions are never asked about another team's host", () => {
    let asked = 0;
    const counting: RegexCompiler = (pattern) => {
      const compiled = compileRegex(pattern);
      const counted = (text: string): boolean => {
        asked++;
        return compiled.test(text);
      };
      return { ...compiled, test: counted };
    };
    const many = Object.fromEntries(
      Array.from({ length: 10_000 }, (_, n) => [
        `noisy ${String(n)}`,
        { kind: 'regex', pattern: `/x${String(n)}/[a-z]+` } as const,
      ]),
    );
    const router = routerOf(
      [
        listener('', [
          { hostname: 'noisy.example.com', rules: many },
          { hostname: '*.example.com', rules: { quiet: anyPath } },
        ]),
      ],
      counting,
    );
    assert.equal(router.match(get('quiet.example.com', '/x9/abc'), null).rule, 'quiet');
    assert.equal(asked, 0);
  });

  test('10,000 literal routes of one host cost a look-up, not a scan', () => {
    let asked = 0;
    const router = new PortRouter<RuleId>({
      listeners: [
        {
          ...listener('', []),
          virtualHosts: [
            {
              hostname: '',
              entries: Array.from({ length: 10_000 }, (_, n) => ({
                match: {
                  path: { kind: 'prefix', value: `/team${String(n)}` },
                  method: null,
                  headers: [{ name: 'x-a', value: { kind: 'exact', value: '1' } }],
                  query: [],
                },
                rule: ruleId(String(n)),
              })),
            },
          ],
        },
      ],
      ruleOf: (id) => id,
      regex: compileRegex,
    });
    const header = (): string => {
      asked++;
      return '1';
    };
    assert.equal(router.match({ ...get('a', '/team9999/x'), header }, null).rule, '9999');
    assert.equal(asked, 1);
  });
});

/** The cases of HTTPRouteHTTPSListenerDetectMisdirectedRequests (Gateway API conformance, GEP-3567). */
suite('connections of another listener', () => {
  const own = (rule: string): Readonly<Record<string, PathMatch>> => ({ [rule]: anyPath });
  const router = routerOf([
    listener('', [{ hostname: 'example.org', rules: own('v1') }], TLS),
    listener('second-example.org', [{ hostname: 'second-example.org', rules: own('v2') }], TLS),
    listener('*.wildcard.org', [{ hostname: '*.wildcard.org', rules: own('v3') }], TLS),
    listener(
      'fourth-example.wildcard.org',
      [{ hostname: 'fourth-example.wildcard.org', rules: own('v4') }],
      TLS,
    ),
  ]);
  const cases: readonly (readonly [string, string, string])[] = [
    ['example.org', 'example.org', 'v1'],
    ['example.org', 'second-example.org', 'misdirected'],
    ['example.org', 'unknown-example.org', 'no_rule'],
    ['second-example.org', 'second-example.org', 'v2'],
    ['second-example.org', 'example.org', 'misdirected'],
    ['second-example.org', 'unknown-example.org', 'misdirected'],
    ['third-example.wildcard.org', 'third-example.wildcard.org', 'v3'],
    ['third-example.wildcard.org', 'fith-example.wildcard.org', 'v3'],
    ['third-example.wildcard.org', 'fourth-example.wildcard.org', 'misdirected'],
    ['third-example.wildcard.org', 'second-example.org', 'misdirected'],
    ['third-example.wildcard.org', 'unknown-example.org', 'misdirected'],
    ['fourth-example.wildcard.org', 'fourth-example.wildcard.org', 'v4'],
    ['fourth-example.wildcard.org', 'fith-example.wildcard.org', 'misdirected'],
    ['unknown-example.org', 'example.org', 'v1'],
    ['unknown-example.org', 'unknown-example.org', 'no_rule'],
    ['', 'example.org', 'v1'],
    ['', 'second-example.org', 'misdirected'],
  ];
  for (const [serverName, host, expected] of cases) {
    test(`${host} on a connection for ${serverName === '' ? 'no name' : serverName}: ${expected}`, () => {
      const { rule, reason } = router.match(get(host), serverName);
      assert.equal(rule ?? reason, expected);
    });
  }
});
