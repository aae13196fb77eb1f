/** The whole controller: a fake API server over HTTP, real configuration streams, and proxies that record their updates. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Translator } from '../../../src/translator/translate.ts';
import { runController, runProxy } from '../../support/controller-process.ts';
import { textOf, type JsonObject } from '../../support/fake-api/server-side-apply.ts';
import {
  clusterWithGateway,
  conditionOf,
  giveAddress,
  identityOf,
  isProgrammed,
} from '../../support/gateway-cluster.ts';
import { gatewayObject, routeObject } from '../../support/kube-cluster.ts';

suite('controller', () => {
  test('a Gateway is provisioned, served, and Programmed when its proxies say so', async (t) => {
    const cluster = await clusterWithGateway(t);
    const controller = await runController(t, cluster);
    const secret = await identityOf(cluster, 'web');
    await giveAddress(cluster, 'web', '192.0.2.1');
    assert.equal(isProgrammed(cluster, 'web'), false, 'no proxy serves it yet');
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

  test('a control loop that fails twice: not ready, and in the metrics, until it works again', async (t) => {
    const cluster = await clusterWithGateway(t);
    const { probes } = await runController(t, cluster);
    const ask = async (path: string): Promise<string> => {
      const answer = await fetch(`http://${probes}${path}`);
      return `${String(answer.status)} ${await answer.text()}`;
    };
    const until = async (path: string, wanted: RegExp): Promise<void> => {
      while (!wanted.test(await ask(path))) await new Promise((resolve) => setImmediate(resolve));
    };
    await until('/readyz', /^200 ready/);
    const planted = t.mock.method(Translator.prototype, 'translate', () => {
      throw new Error('a planted defect');
    });
    cluster.create(gatewayObject('more'));
    await until('/readyz', /^503 changes are not applied: .*a planted defect/);
    assert.match(await ask('/metrics'), /^sluice_controller_reconcile_failing [2-9]/m);
    planted.mock.restore();
    await until('/readyz', /^200 ready/);
    assert.match(await ask('/metrics'), /^sluice_controller_reconcile_failing 0/m);
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
      web.plane.configs.map(({ dataPlane }) => dataPlane),
      ['gateway/default/web'],
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

  test('a Gateway reports that proxies refuse its configuration, and recovers with the next one', async (t) => {
    const cluster = await clusterWithGateway(t);
    const controller = await runController(t, cluster);
    const secret = await identityOf(cluster, 'web');
    await giveAddress(cluster, 'web', '192.0.2.1');
    const { plane } = runProxy(t, controller, { name: 'p1', secret });
    await cluster.api.until(() => isProgrammed(cluster, 'web'));
    plane.refuse = (config) =>
      JSON.stringify(config).includes('bad.example') ? 'bad.example is too much' : null;
    cluster.patch('HTTPRoute', 'default', 'shop', { spec: { hostnames: ['bad.example'] } });
    await cluster.api.until(() => !isProgrammed(cluster, 'web'));
    const condition = conditionOf(cluster.get('Gateway', 'default', 'web'), 'Programmed');
    assert.match(textOf(condition?.['message']), /bad\.example is too much/);
    assert.deepEqual(plane.hostnames, ['shop.example'], 'what was served is served');
    cluster.patch('HTTPRoute', 'default', 'shop', { spec: { hostnames: ['good.example'] } });
    await cluster.api.until(() => isProgrammed(cluster, 'web'));
    assert.deepEqual(plane.hostnames, ['good.example']);
  });

  test('without a controller proxies serve on, and catch up with the next one', async (t) => {
    const cluster = await clusterWithGateway(t);
    const first = await runController(t, cluster);
    const proxy = runProxy(t, first, { name: 'p1', secret: await identityOf(cluster, 'web') });
    await proxy.plane.until(({ hostnames }) => hostnames.length > 0);
    const { applied } = proxy.plane;
    await first.stop();
    cluster.patch('HTTPRoute', 'default', 'shop', { spec: { hostnames: ['later.example'] } });
    assert.deepEqual(proxy.plane.hostnames, ['shop.example']);
    const second = await runController(t, cluster, { configPort: first.configPort });
    await proxy.plane.until(({ hostnames }) => hostnames.includes('later.example'));
    assert.equal(proxy.plane.applied, applied + 1);
    await second.stop();
  });

  test('a broken route is an Event on it', async (t) => {
    const cluster = await clusterWithGateway(t);
    cluster.create(routeObject('broken', { gateway: 'web', hostname: 'x.example', service: 'nowhere' }));
    await runController(t, cluster);
    const events = (): JsonObject[] => cluster.api.store.list('events.k8s.io/events');
    await cluster.api.until(() => events().length > 0);
    const [event] = events();
    assert.equal((event?.['regarding'] as JsonObject)['name'], 'broken');
    assert.match(textOf(event?.['note']), /nowhere/);
  });

  test('drift is repaired, and an identity that is about to end replaced, while its proxy goes on', async (t) => {
    const cluster = await clusterWithGateway(t);
    const controller = await runController(t, cluster);
    const secret = await identityOf(cluster, 'web');
    const { plane } = runProxy(t, controller, { name: 'p1', secret });
    await plane.until(({ hostnames }) => hostnames.length > 0);
    const { name } = secret.metadata;
    const deployment = name.replace(/-identity$/, '');
    await cluster.api.until(() => cluster.api.store.get('apps/deployments', 'default', deployment) !== null);
    // Once the controller has seen what it made.
    await cluster.api.request(
      ({ path, query }) => path.endsWith('/deployments') && query.get('watch') === 'true',
    );
    cluster.patch('Deployment', 'default', deployment, { spec: { replicas: 0 } });
    const replicas = (): unknown =>
      (cluster.get('Deployment', 'default', deployment)['spec'] as JsonObject)['replicas'];
    await cluster.api.until(() => replicas() === 2);
    cluster.patch('Secret', 'default', name, {
      metadata: {
        annotations: {
          'gateway.sluice.dev/identity-not-after': new Date(Date.now() + 86_400_000).toISOString(),
        },
      },
    });
    const certificate = (): unknown =>
      (cluster.get('Secret', 'default', name)['data'] as JsonObject)['tls.crt'];
    const before = (secret['data'] as JsonObject)['tls.crt'];
    await cluster.api.until(() => certificate() !== before);
    cluster.patch('HTTPRoute', 'default', 'shop', { spec: { hostnames: ['after.example'] } });
    await plane.until(({ hostnames }) => hostnames.includes('after.example'));
    // The new identity is good for a new proxy.
    const renewed = runProxy(t, controller, { name: 'p2', secret: cluster.get('Secret', 'default', name) });
    await renewed.plane.until(({ hostnames }) => hostnames.includes('after.example'));
  });

  test('a Gateway reports why it has no proxies, until it has some', async (t) => {
    const cluster = await clusterWithGateway(t);
    cluster.api.fault = ({ method, path }) =>
      method === 'PATCH' && path.includes('/deployments/') ? { status: 403 } : null;
    await runController(t, cluster);
    const message = (): string =>
      textOf(conditionOf(cluster.get('Gateway', 'default', 'web'), 'Programmed')?.['message'] ?? '');
    await cluster.api.until(() => message() === 'No address has been assigned yet. as the test asked');
    cluster.api.fault = null;
    await cluster.api.until(() => message() === 'No address has been assigned yet.');
    await giveAddress(cluster, 'web', '192.0.2.1');
    const [deployment] = cluster.api.store.list('apps/deployments');
    const conditions = [{ type: 'ReplicaFailure', status: 'True', message: 'exceeded quota: pods' }];
    cluster.api.store.update('apps/deployments', { ...deployment, status: { conditions } }, 'status');
    await cluster.api.until(
      () => message() === 'Waiting for a proxy to apply the configuration. exceeded quota: pods',
    );
  });

  test('a Gateway that is re-created immediately has its own identity', async (t) => {
    const cluster = await clusterWithGateway(t);
    await runController(t, cluster);
    const first = await identityOf(cluster, 'web');
    // Before the watches have shown what was made; what it owns goes with it.
    cluster.remove('Gateway', 'default', 'web');
    cluster.create(gatewayObject('web'));
    const second = await identityOf(cluster, 'web');
    assert.notDeepEqual(second['data'], first['data']);
  });

  test('a class that is deleted stays while a Gateway uses it', async (t) => {
    const cluster = await clusterWithGateway(t);
    await runController(t, cluster);
    await cluster.api.until(
      () => cluster.get('GatewayClass', '', 'sluice').metadata['finalizers'] !== undefined,
    );
    cluster.remove('GatewayClass', '', 'sluice');
    assert.ok(cluster.get('GatewayClass', '', 'sluice').metadata['deletionTimestamp'] !== undefined);
    cluster.remove('Gateway', 'default', 'web');
    await cluster.api.until(
      () => cluster.api.store.list('gateway.networking.k8s.io/gatewayclasses').length === 0,
    );
  });

  test('only the namespaces that it was given are served', async (t) => {
    const cluster = await clusterWithGateway(t);
    cluster.create(gatewayObject('elsewhere', 'other'));
    await runController(t, cluster, { namespaces: ['default'] });
    await identityOf(cluster, 'web');
    assert.equal(cluster.get('Gateway', 'other', 'elsewhere')['status'], undefined);
    assert.ok(cluster.api.requests.every(({ path }) => !path.includes('/namespaces/other/')));
  });
});
