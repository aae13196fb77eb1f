import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import { createColors } from 'picocolors';
import type { FindingReport } from '../../admin/api/resources.ts';
import type { StatusReport } from '../../admin/status-report.ts';
import { HEALTHY } from '../../controller/reconcile-health.ts';
import { LiveSummary } from './live-summary.ts';

const gateway = (generation: number): StatusReport['gateways'][number] => ({
  kind: 'Gateway',
  namespace: 'default',
  name: 'web',
  generation,
  servedSince: null,
  gatewayClass: 'sluice',
  addresses: [],
  listeners: [
    {
      name: 'http',
      protocol: 'HTTP',
      port: 80,
      hostname: '',
      attachedRoutes: 0,
      bound: [{ address: '', port: 8080 }],
      conditions: [],
    },
  ],
  conditions: [],
  workers: null,
});

const report = (over: Partial<StatusReport> = {}): StatusReport => ({
  version: '1.0.0',
  startedAt: '2026-01-01T00:00:00Z',
  ready: true,
  notReady: null,
  reconciling: HEALTHY,
  workers: { expected: 2, serving: 2, restarts: 0, pids: [] },
  gateways: [gateway(1)],
  routes: [],
  others: [],
  findings: [],
  ...over,
});

const finding = (code: string): FindingReport => ({
  severity: 'error',
  code,
  object: 'HTTPRoute default/shop',
  kind: 'HTTPRoute',
  group: 'gateway.networking.k8s.io',
  path: 'spec',
  message: 'is wrong',
  hint: null,
  location: null,
});

interface Printed {
  readonly summary: LiveSummary;
  /** Lines since the last call. */
  readonly lines: () => string[];
}

function create(): Printed {
  let printed: string[] = [];
  const summary = new LiveSummary({
    title: 'sluice serves gateway/',
    footer: [],
    layout: () => ({ colors: createColors(false), width: Infinity }),
    print: (text) => printed.push(...text.split('\n')),
  });
  return {
    summary,
    lines() {
      const lines = printed;
      printed = [];
      return lines;
    },
  };
}

function withTimers(t: TestContext): void {
  t.mock.timers.enable({ apis: ['setTimeout'] });
}

suite('live summary', () => {
  test('a slow start says so, and prints the table with its URLs when all workers serve', (t) => {
    withTimers(t);
    const { summary, lines } = create();
    summary.update(report({ workers: { expected: 2, serving: 0, restarts: 0, pids: [] } }));
    assert.deepEqual(lines(), []);
    t.mock.timers.tick(2_000);
    assert.deepEqual(lines(), ['starting: 0 of 2 workers serve']);
    summary.update(report());
    const table = lines();
    assert.ok(table.some((line) => line.includes('http://localhost:8080')));
    assert.match(table.at(-1) ?? '', /^ready in \d+ ms$/);
  });

  test('an edit that does not validate is not applied', () => {
    const { summary, lines } = create();
    summary.update(report());
    lines();
    summary.inputChanged();
    summary.update(report({ findings: [finding('wrong-type')] }));
    const outcome = lines().at(-1) ?? '';
    assert.match(
      outcome,
      /^\d\d:\d\d:\d\d not applied: 1 error; still serving the version of \d\d:\d\d:\d\d$/,
    );
  });

  test('an edit of which a part does not validate is live except for that part', () => {
    const { summary, lines } = create();
    summary.update(report());
    lines();
    summary.inputChanged();
    summary.update(report({ gateways: [gateway(2)], findings: [finding('wrong-type')] }));
    assert.match(lines().at(-1) ?? '', /^\S+ live after \d+ ms, except for 1 error$/);
  });

  test('an edit that validates is live, whatever the references in it lead to', () => {
    const { summary, lines } = create();
    summary.update(report());
    lines();
    summary.inputChanged();
    summary.update(report({ findings: [finding('backend-not-found')] }));
    assert.match(lines().at(-1) ?? '', /^\S+ live after \d+ ms$/);
  });

  test('notes are printed with the summary, and later ones when they come', () => {
    const { summary, lines } = create();
    summary.setNotes(['one']);
    summary.update(report());
    assert.ok(lines().includes('one'));
    summary.setNotes(['one', 'two']);
    assert.deepEqual(lines(), ['two']);
  });
});
