import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LoadBalancing } from '../../ir/policy.ts';
import { TestCluster } from '../../../test/support/stream-relay.ts';
import { NO_KEY } from '../upstream/balancer/balancer.ts';
import { hashText } from '../upstream/balancer/hash.ts';
import { keyOf } from './l4-rule.ts';

const keyFor = (loadBalancing: LoadBalancing): number =>
  keyOf(new TestCluster([], { policy: { loadBalancing } }), '10.0.0.1');

test('a client is told by its address where the cluster hashes by that, and by nothing where it does not', () => {
  const hash = (source: (LoadBalancing & { kind: 'consistent-hash' })['source']): LoadBalancing => ({
    kind: 'consistent-hash',
    source,
    tableSize: 11,
  });
  assert.equal(keyFor(hash({ kind: 'source-ip' })), hashText('10.0.0.1'));
  assert.equal(keyFor(hash({ kind: 'header', name: 'x' })), NO_KEY);
  assert.equal(keyFor({ kind: 'least-request' }), NO_KEY);
});
