import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { createColors } from 'picocolors';
import type { ConditionReport, FindingReport, RouteReport, StatusReport } from '../../admin/status-report.ts';
import { changedLines, fullSummary } from './summary.ts';

const plain = createColors(false);

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
  parents: [
    { parent: 'Gateway default/web', conditions: [condition('Accepted'), condition('ResolvedRefs')] },
  ],
  ...over,
});

const finding: FindingReport = {
  severity: 'warning',
  code: 'shadowed-rule',
  object: 'HTTPRoute default/shop',
  path: 'spec.rules[1]',
  message: 'no request reaches it',
  hint: 'move it up',
  location: { file: 'shop.yaml', line: 3, column: 5 },
};

const report = (over: Partial<StatusReport> = {}): StatusReport => ({
  version: '1.0.0',
  startedAt: '2026-01-01T00:00:00Z',
  ready: true,
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
      'Gateway default/web  https  HTTPS 443              *.example  0 routes  Invalid: Programmed is False',
      '',
      'HTTPRoute default/shop  any host  1 rule  accepted',
      '',
      'warning shop.yaml:3:5 HTTPRoute default/shop spec.rules[1]: no request reaches it',
      '    → move it up',
      '',
      '1 Gateway, 1 route, 1 warning',
    ]);
  });

  test('of a thousand routes names two dozen and says where the rest is', () => {
    const routes = Array.from({ length: 1000 }, (_, index) => route(`r${String(index)}`));
    const lines = fullSummary(report({ routes }), plain);
    assert.ok(lines.length < 40);
    assert.ok(lines.includes('… and 976 more: sluice status'));
  });

  test('afterwards only what changed is said', () => {
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

  test('a finding that only moved to another line is no news', () => {
    const moved = { ...finding, location: { file: 'shop.yaml', line: 9, column: 5 } };
    assert.deepEqual(changedLines(report({ findings: [finding] }), report({ findings: [moved] }), plain), []);
  });
});
