/** What the regular expressions of one request may cost: a tenant who writes many, and a client who sends long texts. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { listenerId, ruleId, type RuleId } from '../../ir/ids.ts';
import type { HttpListener } from '../../ir/listener.ts';
import type { RouteMatch } from '../../ir/match.ts';
import type { RegexCompiler } from './entry.ts';
import { REGEX_BUDGET, REGEX_TEXT } from './match-state.ts';
import { compileRegex } from './regex.ts';
import type { RequestView } from './request-view.ts';
import { PortRouter } from './router.ts';
import { testAttachment } from '../../../test/support/attachment.ts';

const PREFIX: RouteMatch = { path: { kind: 'prefix', value: '/' }, method: null, headers: [], query: [] };
const onPath = (pattern: string): RouteMatch => ({ ...PREFIX, path: { kind: 'regex', pattern } });
const onHeader = (pattern: string): RouteMatch => ({
  ...PREFIX,
  headers: [{ name: 'x', value: { kind: 'regex', pattern } }],
});
const onQuery = (pattern: string): RouteMatch => ({
  ...PREFIX,
  query: [{ name: 'q', value: { kind: 'regex', pattern } }],
});

/** Counts the units that are spent: instructions of a program times characters of the text that it is run on. */
class Meter {
  units = 0;
  tests = 0;

  readonly compile: RegexCompiler = (pattern) => {
    const compiled = compileRegex(pattern);
    const test = (text: string): boolean => {
      this.units += compiled.size * text.length;
      this.tests++;
      return compiled.test(text);
    };
    return { ...compiled, test };
  };
}

function routerOf(matches: readonly RouteMatch[], regex: RegexCompiler = compileRegex): PortRouter<RuleId> {
  const listener: HttpListener = {
    kind: 'http',
    id: listenerId('l'),
    attachment: testAttachment('http'),
    hostname: '',
    tls: null,
    virtualHosts: [
      {
        hostname: 'noisy.test',
        entries: matches.map((match, at) => ({ match, rule: ruleId(`noisy ${String(at)}`) })),
      },
      { hostname: '', entries: [{ match: PREFIX, rule: ruleId('bystander') }] },
    ],
  };
  return new PortRouter<RuleId>({ listeners: [listener], ruleOf: (id) => id, regex });
}

const request = (path: string, header?: string, query = ''): RequestView => ({
  method: 'GET',
  host: 'noisy.test',
  path,
  query,
  header: () => header,
});

/** Close to the largest program that is served, and with a state for every combination of the last characters. */
const WORST = Array.from({ length: 128 }, (_, n) => `/?(a|b)*a(a|b){27}c${String(n % 10)}`);

function randomPath(length: number): string {
  let seed = 7;
  let path = '/';
  while (path.length < length) {
    seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff;
    path += ((seed >> 16) & 1) === 1 ? 'a' : 'b';
  }
  return path;
}

suite('regular expressions of one request', () => {
  for (const [what, length] of [
    ['128 worst patterns and a short path stay within the budget', 50],
    ['128 worst patterns and the longest path stay within the budget', REGEX_TEXT.path],
  ] as const) {
    test(what, () => {
      const meter = new Meter();
      const router = routerOf(WORST.map(onPath), meter.compile);
      const hit = router.match(request(randomPath(length)), null);
      assert.ok(meter.units <= REGEX_BUDGET, `${String(meter.units)} units`);
      assert.equal(hit.reason, 'regex_budget');
      assert.equal(hit.listener?.attachment.kind, 'listener');
    });
  }

  test('the budget is new for each request', () => {
    const router = routerOf([...WORST.map(onPath), onPath('/x/[a-z]+')]);
    assert.equal(router.match(request(randomPath(2_000)), null).reason, 'regex_budget');
    const other = router.match({ ...request('/'), host: 'other.test' }, null);
    assert.equal(other.rule, 'bystander');
    assert.equal(router.match(request('/x/abc'), null).rule, 'noisy 128');
  });

  test('a request that runs out is refused although a later rule matches', () => {
    const router = routerOf([...WORST.map(onPath), PREFIX]);
    assert.equal(router.match(request(randomPath(2_000)), null).reason, 'regex_budget');
    assert.equal(router.match(request('/a'), null).rule, 'noisy 128');
  });

  test('patterns with another literal prefix cost nothing', () => {
    const meter = new Meter();
    const many = Array.from({ length: 1_000 }, (_, n) => onPath(`/service-${String(n)}/[a-z]{1,30}`));
    const router = routerOf(many, meter.compile);
    assert.equal(router.match(request(`/service-999/${'x'.repeat(30)}`), null).rule, 'noisy 999');
    assert.equal(meter.tests, 1);
  });

  const tooLong: readonly (readonly [string, RouteMatch, RequestView, string])[] = [
    ['path', onPath('/(a|b)+c?'), request(`/${'a'.repeat(REGEX_TEXT.path)}`), 'uri_too_long'],
    ['header', onHeader('(a|b)+c?'), request('/', 'a'.repeat(REGEX_TEXT.header + 1)), 'head_too_large'],
    [
      'query value',
      onQuery('(a|b)+c?'),
      request('/', '', `q=${'a'.repeat(REGEX_TEXT.query + 1)}`),
      'uri_too_long',
    ],
  ];
  for (const [part, match, long, reason] of tooLong) {
    for (const [size, before] of [
      ['few rules', 0],
      ['many rules', 20],
    ] as const) {
      test(`a ${part} that no regular expression reads whole is refused, among ${size}`, () => {
        const meter = new Meter();
        const others = Array.from({ length: before }, (_, n): RouteMatch => ({
          ...PREFIX,
          path: { kind: 'exact', value: `/other/${String(n)}` },
        }));
        const router = routerOf([...others, match, PREFIX], meter.compile);
        const hit = router.match(long, null);
        assert.equal(hit.rule, null, 'not the rule without a regular expression, which comes later');
        assert.equal(hit.reason, reason);
        assert.equal(meter.units, 0);
      });
    }
  }

  test('what method, literal headers or literal queries refuse needs no regular expression', () => {
    const meter = new Meter();
    const router = routerOf([{ ...onPath('/(a|b)+'), method: 'POST' }, PREFIX], meter.compile);
    assert.equal(router.match(request('/ab'), null).rule, 'noisy 1');
    assert.equal(meter.tests, 0);
  });
});
