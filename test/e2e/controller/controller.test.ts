/** The whole controller: a fake API server over HTTP, real configuration streams, proxies that keep book. */
import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import { runController, runProxy } from '../../support/controller-process.ts';
import type { JsonObject } from '../../support/fake-api/server-side-apply.ts';
import type { StoredObject } from '../../support/fake-api/store.ts';
import {
  classObject,
  gatewayObject,
  routeObject,
  serviceObject,
  sliceObject,
  startCluster,
  type KubeCluster,
} from '../../support/kube-cluster.ts';

async function clusterWithGateway(t: TestContext): Promise<KubeCluster> {
  const cluster = await startCluster();
  t.after(() => cluster.api.stop());
  cluster.create(
    classObject(),
    gatewayObject('web'),
    serviceObject('shop'),
    sliceObject('shop', ['10.0.0.1:8080', '10.0.0.2:8080']),
    routeObject('shop', { gateway: 'web', hostname: 'shop.example', service: 'shop' }),
  );
  return cluster;
}

/** The identity of a Gateway's proxies, once it stands. */
async function identityOf({ api }: KubeCluster, gateway: string): Promise<StoredObject> {
  const find = (): StoredObject | undefined =>
    api.store
      .list('/secrets')
      .find(
        ({ metadata }) =>
          metadata.name.startsWith(`sluice-${gateway}-`) && metadata.name.endsWith('-identity'),
      );
  await api.until(() => find() !== undefined);
  const secret = find();
  assert.ok(secret);
  return secret;
}

/** Gives the Service of a Gateway its address, as a load balancer would. */
async function giveAddress({ api }: KubeCluster, gateway: string, ip: string): Promise<void> {
  const find = (): StoredObject | undefined =>
    api.store.list('/services').find(({ metadata }) => metadata.name.startsWith(`sluice-${gateway}-`));
  await api.until(() => find() !== undefined);
  const service = find();
  assert.ok(service);
  api.store.update('/services', { ...service, status: { loadBalancer: { ingress: [{ ip }] } } }, 'status');
}

function conditionOf(object: StoredObject, type: string): JsonObject | undefined {
  const { conditions = [] } = (object['status'] ?? {}) as { conditions?: JsonObject[] };
  return conditions.find((condition) => condition['type'] === type);
}

const isProgrammed = (cluster: KubeCluster, name: string): boolean =>
  conditionOf(cluster.get('Gateway', 'default', name), 'Programmed')?.['status'] === 'True';

suite('controller', () => {
  test('a Gateway is provisioned, served, and Programmed when its proxies say so', async (t) => {
    const cluster = await clusterWithGateway(t);
    const controller = await runController(t, cluster);
    const secret = await identityOf(cluster, 'web');
    await giveAddress(cluster, 'web', '192.0.2.1');
    assert.equal(isProgrammed(cluster, 'web'), false, 'nobody serves it yet');
    const { plane } = runProxy(t, controller, { name: 'p1', secret });
    await plane.until(({ hostnames }) => hostnames.includes('shop.example'));
    await cluster.api.until(() => isProgrammed(cluster, 'web'));
    const kinds = ['apps/deployments', 'policy/poddisruptionbudgets', '/serviceaccounts', '/services'];
    for (const kind of kinds) {
      const [object] = cluster.api.store
        .list(kind)
        .filter(({ metadata }) => metadata.name.startsWith('sluice-web'));
      const owners = object?.metadata['ownerReferences'] as JsonObject[] | undefined;
      assert.equal(owners?.[0]?.['uid'], cluster.get('Gateway', 'default', 'web').metadata['uid'], kind);
    }
    const parents = (cluster.get('HTTPRoute', 'default', 'shop')['status'] as { parents: JsonObject[] })
      .parents;
    assert.equal(parents[0]?.['controllerName'], 'sluice.dev/gateway-controller');
    const finalizers = (): JsonObject[string] | undefined =>
      cluster.get('GatewayClass', '', 'sluice').metadata['finalizers'];
    await cluster.api.until(() => finalizers() !== undefined);
    assert.deepEqual(finalizers(), ['gateway-exists-finalizer.gateway.networking.k8s.io']);
  });

  test('an endpoint that moves reaches proxies alone; a route that changes as well', async (t) => {
    const cluster = await clusterWithGateway(t);
    const controller = await runController(t, cluster);
    const { plane } = runProxy(t, controller, { name: 'p1', secret: await identityOf(cluster, 'web') });
    await plane.until(({ hostnames }) => hostnames.length > 0);
    const { applied } = plane;
    cluster.patch('EndpointSlice', 'default', 'shop-1', {
      endpoints: [{ addresses: ['10.0.0.9'], conditions: { ready: true } }],
    });
    await plane.until(({ endpointSets }) => endpointSets.length > 0);
    assert.deepEqual(
      plane.endpointSets[0]?.endpoints.map(({ address }) => address),
      ['10.0.0.9'],
    );
    assert.equal(plane.applied, applied, 'no route was compiled again');
    cluster.patch('HTTPRoute', 'default', 'shop', { spec: { hostnames: ['store.example'] } });
    await plane.until(({ hostnames }) => hostnames.includes('store.example'));
    assert.deepEqual(
      plane.configs[0]?.endpoints[0]?.endpoints.map(({ address }) => address),
      ['10.0.0.9'],
    );
  });

  test('a proxy of one Gateway never sees another', async (t) => {
    const cluster = await clusterWithGateway(t);
    cluster.create(
      gatewayObject('private'),
      routeObject('hidden', { gateway: 'private', hostname: 'hidden.example', service: 'shop' }),
    );
    const controller = await runController(t, cluster);
    const web = runProxy(t, controller, { name: 'p1', secret: await identityOf(cluster, 'web') });
    const other = runProxy(t, controller, { name: 'p2', secret: await identityOf(cluster, 'private') });
    await web.plane.until(({ hostnames }) => hostnames.length > 0);
    await other.plane.until(({ hostnames }) => hostnames.length > 0);
    cluster.patch('HTTPRoute', 'default', 'hidden', { spec: { hostnames: ['hidden2.example'] } });
    await other.plane.until(({ hostnames }) => hostnames.includes('hidden2.example'));
    assert.deepEqual(
      web.plane.configs.map(({ gateway }) => gateway.name),
      ['web'],
    );
    assert.deepEqual(web.plane.hostnames, ['shop.example']);
    assert.doesNotMatch(JSON.stringify(web.plane.configs), /hidden/);
  });

  test('proxies that follow a follower count, and go on counting when the leader leaves', async (t) => {
    const cluster = await clusterWithGateway(t);
    const first = await runController(t, cluster, { identity: 'controller-a' });
    await cluster.api.until(() => first.isLeader);
    const second = await runController(t, cluster, { identity: 'controller-b' });
    assert.equal(second.isLeader, false);
    const secret = await identityOf(cluster, 'web');
    await giveAddress(cluster, 'web', '192.0.2.1');
    const { plane } = runProxy(t, second, { name: 'p1', secret });
    await plane.until(({ hostnames }) => hostnames.length > 0);
    await cluster.api.until(() => isProgrammed(cluster, 'web'));
    await first.stop();
    await cluster.api.until(() => second.isLeader);
    cluster.patch('Gateway', 'default', 'web', {
      spec: { listeners: [{ name: 'http', port: 8080, protocol: 'HTTP' }] },
    });
    await cluster.api.until(
      () =>
        conditionOf(cluster.get('Gateway', 'default', 'web'), 'Programmed')?.['observedGeneration'] === 2 &&
        isProgrammed(cluster, 'web'),
    );
  });
});
