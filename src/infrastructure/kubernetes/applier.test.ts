/** Live objects against wanted ones, on an API server with field managers. */
import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import { startCluster, type KubeCluster } from '../../../test/support/kube-cluster.ts';
import { ApiError, KubeClient, type KubeObject } from '../../kubeapi/client.ts';
import { SILENT_LOGGER } from '../../telemetry/logger.ts';
import { Applier, type ReconcileResult } from './applier.ts';
import type { KubernetesObject } from './render.ts';

const RESOURCES: Readonly<Record<string, string>> = {
  Service: '/services',
  Deployment: 'apps/deployments',
  DaemonSet: 'apps/daemonsets',
};
const LABEL = 'gateway.sluice.dev/gateway';

const object = (kind: string, name: string, spec: object): KubernetesObject => ({
  apiVersion: kind === 'Service' ? 'v1' : 'apps/v1',
  kind,
  metadata: { namespace: 'default', name, labels: { [LABEL]: 'id' }, annotations: {}, ownerReferences: [] },
  spec,
});

const SERVICE = object('Service', 'web', { type: 'LoadBalancer', ports: [{ name: 'tcp-80', port: 80 }] });
const DEPLOYMENT = object('Deployment', 'web', {
  replicas: 2,
  template: { spec: { containers: [{ name: 'proxy' }] } },
});

interface Bench extends KubeCluster {
  readonly applier: Applier;
  readonly patches: () => number;
  /** What the watches show; the cluster as it is, unless a test holds it back. */
  shown: (() => readonly KubeObject[]) | null;
}

async function start(t: TestContext): Promise<Bench> {
  const cluster = await startCluster();
  const client = new KubeClient(cluster.apiServer);
  t.after(async () => {
    client.close();
    await cluster.api.stop();
  });
  const live = (): readonly KubeObject[] =>
    Object.values(RESOURCES).flatMap((resource) => cluster.api.store.list(resource));
  const find = (kind: string): readonly KubeObject[] =>
    (bench.shown ?? live)().filter((one) => one.kind === kind && one.metadata.labels?.[LABEL] === 'id');
  const bench: Bench = {
    ...cluster,
    applier: new Applier(client, { find }, SILENT_LOGGER),
    patches: () => cluster.api.requests.filter(({ method }) => method === 'PATCH').length,
    shown: null,
  };
  return bench;
}

const reconcile = ({ applier }: Bench, ...wanted: KubernetesObject[]): Promise<ReconcileResult> =>
  applier.reconcile('default', 'id', wanted);

suite('applier', () => {
  test('applies once; status and other writers’ fields are no reason to write', async (t) => {
    const bench = await start(t);
    await reconcile(bench, SERVICE, DEPLOYMENT);
    const service = bench.get('Service', 'default', 'web');
    bench.api.store.update(
      '/services',
      { ...service, status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } } },
      'status',
    );
    bench.patch('Service', 'default', 'web', {
      spec: { sessionAffinity: 'None' },
      metadata: { annotations: { a: 'b' } },
    });
    await reconcile(bench, SERVICE, DEPLOYMENT);
    assert.equal(bench.patches(), 2);
    assert.equal(
      (bench.get('Service', 'default', 'web')['spec'] as { sessionAffinity: string }).sessionAffinity,
      'None',
    );
  });

  test('drift in our fields is repaired, and what is deleted comes back', async (t) => {
    const bench = await start(t);
    await reconcile(bench, SERVICE, DEPLOYMENT);
    await reconcile(bench, SERVICE, DEPLOYMENT);
    assert.equal(bench.patches(), 2);
    bench.patch('Deployment', 'default', 'web', { spec: { replicas: 0 } });
    bench.remove('Service', 'default', 'web');
    await reconcile(bench, SERVICE, DEPLOYMENT);
    assert.equal((bench.get('Deployment', 'default', 'web')['spec'] as { replicas: number }).replicas, 2);
    assert.equal(bench.get('Service', 'default', 'web').kind, 'Service');
  });

  test('a field that is no longer wanted is removed unless another manager owns it too', async (t) => {
    const bench = await start(t);
    await reconcile(bench, object('Deployment', 'web', { replicas: 2, minReadySeconds: 5 }));
    bench.api.store.apply(
      'apps/deployments',
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { namespace: 'default', name: 'web' },
        spec: { replicas: 2 },
      },
      { manager: 'autoscaler', subresource: '', force: false },
    );
    await reconcile(bench, object('Deployment', 'web', { paused: false }));
    const spec = bench.get('Deployment', 'default', 'web')['spec'] as Readonly<Record<string, unknown>>;
    assert.equal(spec['replicas'], 2);
    assert.equal(spec['minReadySeconds'], undefined);
  });

  test('leftovers go: a Deployment when a DaemonSet takes its place', async (t) => {
    const bench = await start(t);
    await reconcile(bench, DEPLOYMENT, SERVICE);
    await reconcile(bench, object('DaemonSet', 'web', { template: {} }), SERVICE);
    assert.deepEqual(bench.api.store.list('apps/deployments'), []);
    assert.equal(bench.api.store.list('apps/daemonsets').length, 1);
  });

  test('a watch that is late costs nothing, and is told', async (t) => {
    const bench = await start(t);
    const before = [...bench.api.store.list('/services')] as unknown as KubeObject[];
    bench.shown = () => before;
    assert.equal(await reconcile(bench, SERVICE), 'done');
    assert.equal(await reconcile(bench, SERVICE), 'late');
    assert.equal(bench.patches(), 1);
    bench.shown = null;
    assert.equal(await reconcile(bench, SERVICE), 'done');
  });

  test('one object that cannot be applied holds no other back, and is reported', async (t) => {
    const bench = await start(t);
    bench.api.fault = ({ path }) => (path.includes('/services/') ? { status: 422 } : null);
    await assert.rejects(
      reconcile(bench, SERVICE, DEPLOYMENT),
      (error) => error instanceof ApiError && error.status === 422,
    );
    assert.equal(bench.get('Deployment', 'default', 'web').kind, 'Deployment');
    bench.api.fault = null;
    await reconcile(bench, SERVICE, DEPLOYMENT);
    assert.equal(bench.patches(), 3);
  });
});
