/** A fake cluster with one Gateway and one route, and what tests look for in it. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { JsonObject } from './fake-api/server-side-apply.ts';
import type { StoredObject } from './fake-api/store.ts';
import {
  classObject,
  gatewayObject,
  routeObject,
  serviceObject,
  sliceObject,
  startCluster,
  type KubeCluster,
} from './kube-cluster.ts';

/** Gateway `web` with `shop.example` to a Service of two endpoints. */
export async function clusterWithGateway(t: TestContext): Promise<KubeCluster> {
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

/** The identity of a Gateway's proxies, once it exists. */
export async function identityOf({ api }: KubeCluster, gateway: string): Promise<StoredObject> {
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
export async function giveAddress({ api }: KubeCluster, gateway: string, ip: string): Promise<void> {
  const find = (): StoredObject | undefined =>
    api.store.list('/services').find(({ metadata }) => metadata.name.startsWith(`sluice-${gateway}-`));
  await api.until(() => find() !== undefined);
  const service = find();
  assert.ok(service);
  api.store.update('/services', { ...service, status: { loadBalancer: { ingress: [{ ip }] } } }, 'status');
}

export function conditionOf(object: StoredObject, type: string): JsonObject | undefined {
  const { conditions = [] } = (object['status'] ?? {}) as { conditions?: JsonObject[] };
  return conditions.find((condition) => condition['type'] === type);
}

export const isProgrammed = (cluster: KubeCluster, name: string): boolean =>
  conditionOf(cluster.get('Gateway', 'default', name), 'Programmed')?.['status'] === 'True';
