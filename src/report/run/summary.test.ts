import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { createColors } from 'picocolors';
import type { ConditionReport, FindingReport } from '../../admin/api/resources.ts';
import type { RouteReport, StatusReport } from '../../admin/status-report.ts';
import type { Layout } from '../layout.ts';
import { changedLines, fullSummary } from './summary.ts';

const plain: Layout = { colors: createColors(false), width: Infinity };

const condition = (
  type: string,
  status: ConditionReport['status'] = 'True',
  reason = type,
): ConditionReport => ({
  type,
  status,
  reason,
  message: `${type} is ${status}`,
});

const route = (name: string, over: Partial<RouteReport> = {}): RouteReport => ({
  kind: 'HTTPRoute',
  namespace: 'default',
  name,
  generation: 1,
  servedSince: null,
  hostnames: [],
  rules: 1,
  samplePath: '/',
  parents: [
    { parent: 'Gateway default/web', conditions: [condition('Accepted'), condition('ResolvedRefs')] },
  ],
  ...over,
});

const finding: FindingReport = {
  severity: 'warning',
  code: 'shadowed-rule',
  object: 'HTTPRoute default/shop',
  kind: 'HTTPRoute',
  group: 'gateway.networking.k8s.io',
  path: 'spec.rules[1]',
  message: 'no request reaches it',
  hint: 'move it up',
  location: { file: 'shop.yaml', line: 3, column: 5 },
};

const report = (over: Partial<StatusReport> = {}): StatusReport => ({
  version: '1.0.0',
  startedAt: '2026-01-01T00:00:00Z',
  ready: true,
  notReady: null,
  reconciling: { failures: 0, consecutive: 0, error: null },
  workers: { expected: 1, serving: 1, restarts: 0, pids: [1] },
  gateways: [
    {
      kind: 'Gateway',
      namespace: 'default',
      name: 'web',
      generation: 1,
      servedSince: null,
      gatewayClass: 'sluice',
      addresses: ['127.0.0.1'],
      listeners: [
        {
          name: 'http',
          protocol: 'HTTP',
          port: 80,
          hostname: '',
          attachedRoutes: 1,
          bound: [{ address: '', port: 8080 }],
          conditions: [condition('Accepted'), condition('Programmed'), condition('Conflicted', 'False')],
        },
        {
          name: 'https',
          protocol: 'HTTPS',
          port: 443,
          hostname: '*.example',
          attachedRoutes: 0,
          bound: [],
          conditions: [condition('Accepted'), condition('Programmed', 'False', 'Invalid')],
        },
      ],
      conditions: [condition('Accepted'), condition('Programmed')],
      workers: { serving: 1, expected: 1 },
    },
  ],
  routes: [route('shop')],
  others: [],
  findings: [],
  ...over,
});

suite('summary', () => {
  test('shows where to dial, what is served, and why something is not', () => {
    assert.deepEqual(fullSummary(report({ findings: [finding] }), plain), [
      'Gateway default/web  http   http://localhost:8080  any host   1 route   programmed',
      'Gateway default/web  https  HTTPS 443              *.example  0 routes  Invalid',
      '    Programmed is False',
      '',
      'HTTPRoute default/shop  any host  1 rule  accepted',
      '',
      'warning shop.yaml:3:5 HTTPRoute default/shop spec.rules[1]: no request reaches it',
      '    → move it up',
      '',
      '1 Gateway, 1 route, 1 warning',
      'try: curl http://localhost:8080/',
    ]);
  });

  test('of a thousand routes names two dozen and says where the rest is', () => {
    const routes = Array.from({ length: 1000 }, (_, index) => route(`r${String(index)}`));
    const lines = fullSummary(report({ routes }), plain);
    assert.ok(lines.length < 40);
    assert.ok(lines.includes('… and 976 more: sluice status'));
  });

  test('afterwards only changes are printed', () => {
    const before = report({ findings: [finding], routes: [route('shop'), route('old')] });
    const refused = {
      parent: 'Gateway default/web',
      conditions: [condition('Accepted', 'False', 'NoMatchingParent')],
    };
    const after = report({
      routes: [route('shop', { generation: 2 }), route('new', { parents: [refused] })],
    });
    assert.deepEqual(changedLines(before, after, plain), [
      '~ HTTPRoute default/shop accepted',
      '+ HTTPRoute default/new NoMatchingParent: Accepted is False',
      '- HTTPRoute default/old',
      'solved shop.yaml:3:5 HTTPRoute default/shop spec.rules[1]: no request reaches it',
    ]);
    assert.deepEqual(changedLines(after, after, plain), []);
  });

  test('of several solved findings only the number is printed', () => {
    const findings = ['a', 'b', 'c'].map((message) => ({ ...finding, message }));
    const before = report({ findings });
    assert.deepEqual(changedLines(before, report(), plain), ['solved: all 3']);
    assert.deepEqual(changedLines(before, report({ findings: findings.slice(2) }), plain), [
      'solved: 2 of 3',
    ]);
  });

  test('errors come before notes, and kinds that are not read are one line', () => {
    const notes = ['Deployment default/a', 'Deployment default/b', 'NetworkPolicy default/c'].map(
      (object): FindingReport => {
        const [kind = ''] = object.split(' ', 1);
        return { ...finding, severity: 'info', code: 'unknown-kind', object, kind, hint: null };
      },
    );
    const error: FindingReport = { ...finding, severity: 'error', message: 'broken', hint: null };
    const lines = fullSummary(report({ findings: [...notes, { ...finding, hint: null }, error] }), plain);
    const [first, second, third] = lines.slice(lines.findIndex((line) => line.startsWith('error')));
    assert.match(first ?? '', /broken$/);
    assert.match(second ?? '', /^warning /);
    assert.equal(third, 'not read: 2 Deployments, 1 NetworkPolicy');
  });

  test('a listener that serves is not blamed for its Gateway', () => {
    const [gateway] = report().gateways;
    assert.ok(gateway !== undefined);
    const [serving, failing] = gateway.listeners;
    assert.ok(serving !== undefined && failing !== undefined);
    const conditions = [condition('Accepted'), condition('ResolvedRefs', 'False', 'ListenersNotResolved')];
    const both = fullSummary(report({ gateways: [{ ...gateway, conditions }] }), plain);
    assert.match(both[0] ?? '', /1 route +programmed$/);
    assert.ok(!both.some((line) => line.includes('ListenersNotResolved')));
    const alone = report({ gateways: [{ ...gateway, conditions, listeners: [serving] }] });
    assert.match(fullSummary(alone, plain)[1] ?? '', /^Gateway default\/web +ListenersNotResolved$/);
  });

  test('a reason that a finding says is not said twice', () => {
    const said = { ...finding, message: 'Programmed is False', hint: null };
    const lines = fullSummary(report({ findings: [said] }), plain);
    assert.equal(lines.filter((line) => line.includes('Programmed is False')).length, 1);
  });

  test('a listener that is bound later is named with its URL', () => {
    const [gateway] = report().gateways;
    assert.ok(gateway !== undefined);
    const unbound = { ...gateway, listeners: gateway.listeners.map((one) => ({ ...one, bound: [] })) };
    assert.deepEqual(changedLines(report({ gateways: [unbound] }), report(), plain), [
      '+ Gateway default/web http on http://localhost:8080',
    ]);
  });

  test('on a narrow terminal no line is wider, and words stay whole', () => {
    const hostnames = ['checkout.example', 'www.checkout.example', 'shop.checkout.example'];
    const narrow = { ...plain, width: 40 };
    const lines = fullSummary(
      report({ findings: [finding], routes: [route('shop', { hostnames })] }),
      narrow,
    );
    const prose = lines.filter((line) => !line.startsWith('try: '));
    for (const line of prose) assert.ok(line.length <= 40 || !line.trim().includes(' '), line);
    assert.match(lines.join(' ').replaceAll(/ +/g, ' '), /shop\.yaml:3:5 HTTPRoute default\/shop/);
  });

  test('a finding that only moved to another line is no news', () => {
    const moved = { ...finding, location: { file: 'shop.yaml', line: 9, column: 5 } };
    assert.deepEqual(changedLines(report({ findings: [finding] }), report({ findings: [moved] }), plain), []);
  });
});
