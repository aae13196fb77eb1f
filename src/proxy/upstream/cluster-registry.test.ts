/** Which clusters are the same, and what is made of one that sees no request. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { testCluster } from '../../../test/support/gateway-config.ts';
import { PASSIVE } from '../../../test/support/health-lab.ts';
import type { Cluster, Endpoint } from '../../ir/cluster.ts';
import { SILENT_LOGGER } from '../../telemetry/logger.ts';
import { TimerWheel } from '../net/timer-wheel.ts';
import { NO_KEY } from './balancer/balancer.ts';
import { ClusterRegistry } from './cluster-registry.ts';
import { Http1Protocol } from './pool-h1.ts';
import { clusterStats } from './stats.ts';

function registry(): ClusterRegistry {
  const wheel = new TimerWheel();
  const protocolOf = (cluster: Cluster) => new Http1Protocol(cluster.policy.connection, wheel);
  const clusters = new ClusterRegistry({ logger: SILENT_LOGGER, protocolOf, wheel });
  clusters.beginUpdate();
  return clusters;
}

const endpoint = (address: string, state: Endpoint['state'] = 'ready'): Endpoint => ({
  address,
  port: 80,
  state,
  zone: null,
});

const withPolicy = (policy: Partial<Cluster['policy']>): Cluster => {
  const cluster = testCluster('a');
  return { ...cluster, policy: { ...cluster.policy, ...policy } };
};

const WATCHED = { passiveCheck: PASSIVE };

suite('clusters', () => {
  test('two definitions that say the same are one cluster; others of the same name are another', () => {
    const clusters = registry();
    const first = clusters.get(testCluster('a'), null);
    assert.equal(clusters.get(structuredClone(testCluster('a')), null), first);
    assert.notEqual(clusters.get(withPolicy({ panicThresholdPercent: 1 }), null), first);
    assert.notEqual(clusters.get(testCluster('b'), null), first);
  });

  test('nothing is made for serving before the first request, and reporting it makes nothing either', () => {
    const clusters = registry();
    const { id } = testCluster('a');
    const cluster = clusters.get(testCluster('a'), null);
    clusters.setEndpoints({
      cluster: id,
      endpoints: [endpoint('10.0.0.1'), endpoint('10.0.0.1'), endpoint('10.0.0.2', 'draining')],
    });
    const idle = clusterStats(cluster, 0);
    assert.equal(cluster.serving, null);
    assert.equal(idle.endpoints, 2);
    assert.deepEqual(idle.health.out, [{ endpoint: '10.0.0.2:80', cause: 'draining', detail: '', forMs: 0 }]);
    assert.equal(cluster.pick([], NO_KEY)?.address, '10.0.0.1');
    assert.deepEqual(clusterStats(cluster, 0), idle);
  });

  test('one that is retired before its first request serves what is in flight', () => {
    const clusters = registry();
    const cluster = clusters.get(testCluster('a'), null);
    clusters.setEndpoints({ cluster: cluster.config.id, endpoints: [endpoint('10.0.0.1')] });
    clusters.endUpdate();
    clusters.beginUpdate();
    clusters.endUpdate();
    assert.deepEqual(clusters.clusters, []);
    assert.equal(cluster.pick([], NO_KEY)?.isGone, true);
  });

  test('what watches its endpoints, or spares new ones, does so without a request', () => {
    for (const policy of [WATCHED, { slowStartMs: 1_000 }]) {
      assert.notEqual(registry().get(withPolicy(policy), null).serving, null);
    }
  });

  test('definitions of one cluster count health together, so none sleeps when one of them is watched', () => {
    const clusters = registry();
    const plain = clusters.get(testCluster('a'), null);
    assert.equal(plain.serving, null);
    clusters.get(withPolicy(WATCHED), null);
    assert.notEqual(plain.serving, null);
  });
});
