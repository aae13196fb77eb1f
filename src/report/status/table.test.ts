import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { createColors } from 'picocolors';
import type { ConditionReport } from '../../admin/api/resources.ts';
import type { StatusAnswer } from '../../admin/status-report.ts';
import { HEALTHY } from '../../controller/reconcile-health.ts';
import { formatStatus } from './table.ts';

const condition = (
  type: string,
  status: ConditionReport['status'],
  reason: string,
  message = '',
): ConditionReport => ({ type, status, reason, message });

const LONG = 'cannot listen on *:8080 (EADDRINUSE): another process listens there; stop it';

const answer = (over: Partial<StatusAnswer> = {}): StatusAnswer => ({
  publicRoutes: [],
  version: '1.0.0',
  startedAt: '2026-01-01T00:00:00Z',
  ready: false,
  notReady: 'no listener is bound',
  reconciling: HEALTHY,
  workers: { expected: 1, serving: 1, restarts: 0, pids: [] },
  gateways: [
    {
      kind: 'Gateway',
      namespace: 'default',
      name: 'web',
      generation: 1,
      servedSince: null,
      gatewayClass: 'sluice',
      addresses: [],
      listeners: [
        {
          name: 'http',
          protocol: 'HTTP',
          port: 80,
          hostname: '',
          attachedRoutes: 1,
          bound: [],
          conditions: [
            condition('Accepted', 'False', 'PortUnavailable', LONG),
            condition('Conflicted', 'False', 'NoConflicts'),
            condition('Programmed', 'False', 'PortUnavailable', LONG),
          ],
        },
      ],
      conditions: [condition('Accepted', 'True', 'Accepted')],
      workers: null,
    },
  ],
  routes: [],
  others: [],
  findings: [],
  backends: [],
  ...over,
});

const wide = { colors: createColors(false), width: Infinity };
const NOW = Date.parse('2026-01-01T00:01:00Z');

suite('status', () => {
  test('a long reason is printed once, below its row; conditions that are False as they should be are not', () => {
    assert.deepEqual(formatStatus(answer(), wide, NOW), [
      'sluice 1.0.0, not ready (no listener is bound), up 1m, 1 of 1 workers serve the newest configuration',
      '',
      'OBJECT                             SERVED FOR  CONDITIONS',
      'Gateway default/web                -           Accepted',
      '  http HTTP 80 not bound, 1 route              Accepted=False (PortUnavailable) Programmed=False (PortUnavailable)',
      `    ${LONG}`,
    ]);
  });

  test('endpoints that are not healthy are below their backend, with the cause', () => {
    const backend = {
      kind: 'Service',
      namespace: 'default',
      name: 'api',
      port: '80',
      endpoints: 2,
      healthy: 1,
      unchecked: 0,
    };
    const out = [
      { endpoint: '10.0.0.1:80', cause: 'check_failing', detail: 'refused', since: null, workers: 1 },
    ];
    const lines = formatStatus(answer({ backends: [{ ...backend, panicking: 0, out }] }), wide, NOW);
    assert.deepEqual(lines.slice(-3), [
      'BACKEND                 HEALTHY ENDPOINTS',
      'Service default/api:80  1 of 2',
      '    10.0.0.1:80 fails its checks: refused',
    ]);
  });

  test('endpoints that nothing has checked are neither healthy nor in the way', () => {
    const backend = { kind: 'Service', namespace: 'default', name: 'api', port: '80', panicking: 0, out: [] };
    const lines = formatStatus(
      answer({ backends: [{ ...backend, endpoints: 3, healthy: 1, unchecked: 2 }] }),
      wide,
      NOW,
    );
    assert.equal(lines.at(-1), 'Service default/api:80  1 of 3, 2 not checked');
  });

  test('on a narrow terminal lines are folded between cells and words', () => {
    const lines = formatStatus(answer(), { ...wide, width: 50 }, NOW);
    for (const line of lines) assert.ok(line.length <= 50, line);
  });
});
