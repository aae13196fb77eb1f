import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { KubeObject } from '../../kubeapi/client.ts';
import { project } from './projection.ts';
import { addressesOfServices, desiredProxies, workloadTrouble } from './live-objects.ts';

const service = (name: string, spec: object, ingress: readonly object[] = []): KubeObject =>
  ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec,
    status: { loadBalancer: { ingress } },
  }) as KubeObject;

suite('live objects', () => {
  test('a load balancer’s addresses are those it gave, in the order of the Services, each once', () => {
    const balanced = { type: 'LoadBalancer', clusterIPs: ['10.0.0.1'] };
    assert.deepEqual(
      addressesOfServices([
        service('web-1', balanced, [{ ip: '192.0.2.2' }, { ip: '192.0.2.1' }]),
        service('web', balanced, [{ ip: '192.0.2.1' }, { hostname: 'lb.example' }, {}]),
        service('web-2', balanced),
      ]).map(({ type, value }) => `${type} ${value}`),
      ['IPAddress 192.0.2.1', 'Hostname lb.example', 'IPAddress 192.0.2.2'],
    );
  });

  test('other Services are reached at the addresses they were asked for, else at the cluster’s', () => {
    const values = (spec: object): string[] =>
      addressesOfServices([service('s', spec)]).map(({ value }) => value);
    assert.deepEqual(values({ type: 'ClusterIP', clusterIPs: ['10.0.0.1', 'fd00::1'] }), [
      '10.0.0.1',
      'fd00::1',
    ]);
    assert.deepEqual(values({ type: 'NodePort', clusterIPs: ['10.0.0.1'], externalIPs: ['192.0.2.7'] }), [
      '192.0.2.7',
    ]);
    assert.deepEqual(values({ type: 'ClusterIP', clusterIPs: ['None'] }), []);
  });

  test('why pods are not there: what refuses them before that nothing moves, and nothing while all is well', () => {
    const deployment = (...conditions: object[]): KubeObject =>
      ({
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'x' },
        status: { conditions },
      }) as KubeObject;
    const late = { type: 'Progressing', status: 'False', message: 'timed out' };
    const refused = { type: 'ReplicaFailure', status: 'True', message: 'exceeded quota' };
    assert.equal(workloadTrouble([deployment(late, refused)]), 'exceeded quota');
    assert.equal(workloadTrouble([deployment(late)]), 'timed out');
    const well = { type: 'Progressing', status: 'True', message: 'moves' };
    assert.equal(workloadTrouble([deployment(well, { ...refused, status: 'False' })]), null);
    assert.equal(workloadTrouble([deployment({ type: 'Available', status: 'False', message: 'few' })]), null);
    assert.equal(workloadTrouble([]), null);
  });

  test('the number of proxies is what the workload was scaled to, and what was asked for before it exists', () => {
    const made = (kind: string, rest: object): KubeObject => ({
      apiVersion: 'apps/v1',
      kind,
      metadata: { name: 'x' },
      ...rest,
    });
    assert.equal(
      desiredProxies([made('Deployment', { spec: { replicas: 7 } })], { kind: 'fixed', replicas: 2 }),
      7,
    );
    assert.equal(
      desiredProxies([made('DaemonSet', { status: { desiredNumberScheduled: 3 } })], { kind: 'per-node' }),
      3,
    );
    assert.equal(
      desiredProxies([], { kind: 'auto', minReplicas: 4, maxReplicas: 9, targetCpuPercent: 70 }),
      4,
    );
    assert.equal(desiredProxies([], null), 1);
  });
});

suite('projection', () => {
  test('only what the mask names counts; defaults and other writers’ fields do not', () => {
    const mask = { spec: { ports: [{ port: 80 }], selector: { a: 'b' } } };
    const live = {
      spec: {
        ports: [{ port: 80, nodePort: 31_000 }],
        selector: { a: 'b', c: 'd' },
        sessionAffinity: 'None',
      },
      status: {},
    };
    assert.deepEqual(project(live, mask), mask);
  });

  test('a field that is gone, a list that grew and a shape that changed are differences', () => {
    const mask = { list: [1, 2], object: { a: 1 } };
    assert.deepEqual(project({ object: { a: 1 } }, mask), { list: undefined, object: { a: 1 } });
    assert.deepEqual(project({ list: [1, 2, 3], object: null }, mask), { list: [1, 2, 3], object: null });
  });
});
