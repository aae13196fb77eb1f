import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countOf } from './plural.ts';

test('counts are followed by the singular or the plural', () => {
  assert.deepEqual(
    [
      countOf(1, 'Ingress'),
      countOf(2, 'Ingress'),
      countOf(2, 'NetworkPolicy'),
      countOf(3, 'Gateway'),
      countOf(0, 'file'),
    ],
    ['1 Ingress', '2 Ingresses', '2 NetworkPolicies', '3 Gateways', '0 files'],
  );
});
