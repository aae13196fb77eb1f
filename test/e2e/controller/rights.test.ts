/** The chart gives the controller the rights that it uses, and none besides. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { GATEWAY_API_CRDS } from '../../../src/provider/kubernetes/crd-versions.ts';
import { runController, runProxy } from '../../support/controller-process.ts';
import { missingRight, type PolicyRule } from '../../support/fake-api/authorizer.ts';
import type { SeenRequest } from '../../support/fake-api/server.ts';
import { clusterWithGateway, giveAddress, identityOf, isProgrammed } from '../../support/gateway-cluster.ts';
import { gatewayObject, routeObject } from '../../support/kube-cluster.ts';

interface Role {
  readonly kind: string;
  readonly rules?: readonly PolicyRule[];
}

/** The roles of an installation with the chart's defaults, which test/charts keeps equal to what the chart renders. */
const ROLES = parseAllDocuments(
  readFileSync(new URL('../../../deploy/install.yaml', import.meta.url), 'utf8'),
)
  .map((document) => document.toJS() as Role)
  .filter(({ kind }) => kind === 'ClusterRole' || kind === 'Role');

/** Rules of the whole cluster and of the controller's own namespace together. */
const RULES: readonly PolicyRule[] = ROLES.flatMap(({ rules = [] }) => rules);

suite('rights of the controller', () => {
  test('with exactly the rights of the chart it provisions, serves, writes status and events, and leads', async (t) => {
    const cluster = await clusterWithGateway(t);
    cluster.create(
      gatewayObject('tls', 'default', {
        listeners: [
          {
            name: 'https',
            port: 443,
            protocol: 'HTTPS',
            tls: { certificateRefs: [{ group: '', kind: 'Secret', name: 'shop-tls' }] },
          },
        ],
      }),
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { namespace: 'default', name: 'shop-tls' },
        data: { 'tls.crt': '', 'tls.key': '' },
      },
      routeObject('broken', { gateway: 'web', hostname: 'x.example', service: 'nowhere' }),
    );
    const denied = new Set<string>();
    const { store } = cluster.api;
    cluster.api.fault = (request: SeenRequest) => {
      const missing = missingRight(RULES, request, (...where) => store.get(...where) !== null);
      if (missing === null) return null;
      denied.add(missing);
      return { status: 403 };
    };
    const controller = await runController(t, cluster);
    const secret = await identityOf(cluster, 'web');
    await giveAddress(cluster, 'web', '192.0.2.1');
    runProxy(t, controller, { name: 'p1', secret });
    await cluster.api.until(() => isProgrammed(cluster, 'web') || denied.size > 0);
    await cluster.api.until(() => store.list('events.k8s.io/events').length > 0 || denied.size > 0);
    cluster.remove('Gateway', 'default', 'web');
    assert.deepEqual([...denied], []);
    assert.equal(controller.isLeader, true);
  });

  test('CRDs are read by name, and every name is there', () => {
    const rule = RULES.find(({ resources }) => resources.includes('customresourcedefinitions'));
    assert.deepEqual(rule?.verbs, ['get']);
    assert.deepEqual([...(rule.resourceNames ?? [])].sort(), [...GATEWAY_API_CRDS].sort());
  });

  test('nothing may be deleted that users own, and no role may be changed', () => {
    assert.equal(ROLES.length, 2);
    const forbidden = RULES.filter(
      ({ apiGroups, verbs, resources }) =>
        apiGroups.includes('rbac.authorization.k8s.io') ||
        verbs.includes('*') ||
        resources.includes('*') ||
        (verbs.includes('delete') &&
          resources.some((one) => ['secrets', 'gateways', 'httproutes'].includes(one))),
    );
    assert.deepEqual(forbidden, []);
  });
});
