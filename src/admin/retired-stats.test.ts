import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProxyStats } from '../proxy/proxy-api.ts';
import type { PolicyRefusalStats } from '../proxy/exchange/policy-refusals.ts';
import type { RequestStats } from '../proxy/exchange/request-stats.ts';
import { RetiredStats } from './retired-stats.ts';

const row = (name: string, answered: number): RequestStats => ({
  gateway: { kind: 'Gateway', namespace: 'default', name: 'web' },
  listener: null,
  rule: { kind: 'HTTPRoute', namespace: 'default', name, index: 0 },
  backend: null,
  byClass: [0, 0, answered, 0, 0, 0],
  byReason: { no_rule: answered },
  requestBytes: answered,
  responseBytes: answered * 2,
  retries: { connect: answered },
  duration: { boundsMs: [1, Infinity], counts: [0, answered], sumMs: answered },
});

const refusals = (count: number, gateway = 'web'): PolicyRefusalStats => ({
  gateway: { kind: 'Gateway', namespace: 'default', name: gateway },
  policy: { kind: 'AccessPolicy', namespace: 'default', name: 'office' },
  rule: '',
  reason: 'auth_denied',
  mode: 'enforce',
  count,
});

const stats = (...requests: RequestStats[]): ProxyStats => ({
  ...new RetiredStats().snapshot(),
  requests,
  downstream: { openConnections: 5, acceptedConnections: 7, activeRequests: 3 },
  refused: { bad_request: 2 },
  mirrors: { sent: 3, dropped: 1 },
  policyRefusals: [refusals(2)],
});

test('counters of ended workers are summed row by row; gauges are not', () => {
  const retired = new RetiredStats();
  retired.add(stats(row('a', 1), row('b', 2)));
  retired.add(stats(row('a', 10)));
  const { requests, downstream, refused, mirrors, clusters, policyRefusals } = retired.snapshot();
  assert.deepEqual(requests, [row('a', 11), row('b', 2)]);
  assert.deepEqual(downstream, { openConnections: 0, acceptedConnections: 14, activeRequests: 0 });
  assert.deepEqual(refused, { bad_request: 4 });
  assert.deepEqual(mirrors, { sent: 6, dropped: 2 });
  assert.deepEqual(policyRefusals, [refusals(4)]);
  assert.deepEqual(clusters, []);
});

test('rows of removed routes are dropped', () => {
  const retired = new RetiredStats();
  retired.add(stats(row('a', 1), row('b', 2)));
  retired.prune(({ rule }) => rule?.name === 'b');
  assert.deepEqual(retired.snapshot().requests, [row('b', 2)]);
});

test('refusals on removed Gateways are dropped', () => {
  const retired = new RetiredStats();
  retired.add({ ...stats(), policyRefusals: [refusals(1), refusals(2, 'gone')] });
  retired.prune(({ gateway }) => gateway?.name === 'web');
  assert.deepEqual(retired.snapshot().policyRefusals, [refusals(1)]);
});
