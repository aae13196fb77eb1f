/** The chart gives the controller the rights that it uses, and none besides. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { parse } from 'yaml';
import { GATEWAY_API_CRDS } from '../../../src/provider/kubernetes/crd-versions.ts';
import { runController, runProxy } from '../../support/controller-process.ts';
import { missingRight, type PolicyRule } from '../../support/fake-api/authorizer.ts';
import type { SeenRequest } from '../../support/fake-api/server.ts';
import { clusterWithGateway, giveAddress, identityOf, isProgrammed } from '../../support/gateway-cluster.ts';
import { gatewayObject, routeObject } from '../../support/kube-cluster.ts';

const templates = new URL('../../../charts/sluice/templates/', import.meta.url);
const template = (name: string): string => readFileSync(new URL(name, templates), 'utf8');

/** Lines of a template that are YAML as they stand: as without `namespaces`. */
const plain = (text: string): string =>
  text
    .split('\n')
    .filter((line) => !line.includes('{{'))
    .join('\n');

const rulesOf = (yaml: string): readonly PolicyRule[] => parse(yaml) as readonly PolicyRule[];

/** The part of the template from a kind on, up to the next document. */
function rulesOfKind(kind: string): readonly PolicyRule[] {
  const documents = template('rbac.yaml').split(/^---$/m);
  const found = documents.find((text) => text.includes(`kind: ${kind}\n`) && text.includes('rules:'));
  assert.ok(found, kind);
  const rules = found.slice(found.indexOf('rules:') + 'rules:'.length);
  const names = /range list ((?:"[a-z]+" ?)+)/.exec(rules)?.[1]?.match(/[a-z]+/g) ?? [];
  const crds = names.map((name) => `      - ${name}.gateway.networking.k8s.io`).join('\n');
  return rulesOf(plain(rules.replace('      - {{ . }}.gateway.networking.k8s.io', () => crds)));
}

const everywhere = (): readonly PolicyRule[] => rulesOf(plain(template('_rules.tpl')));
const clusterWide = (): readonly PolicyRule[] => rulesOfKind('ClusterRole');
const ownNamespace = (): readonly PolicyRule[] => {
  const text = template('rbac.yaml');
  const own = text.slice(text.indexOf('# Leader election'));
  const rules = own.slice(own.indexOf('rules:') + 'rules:'.length);
  return rulesOf(plain(rules.slice(0, rules.indexOf('---'))));
};

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
    const rules = [...everywhere(), ...clusterWide(), ...ownNamespace()];
    const denied = new Set<string>();
    const { store } = cluster.api;
    cluster.api.fault = (request: SeenRequest) => {
      const missing = missingRight(rules, request, (...where) => store.get(...where) !== null);
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
    const rule = clusterWide().find(({ resources }) => resources.includes('customresourcedefinitions'));
    assert.deepEqual(rule?.verbs, ['get']);
    assert.deepEqual([...(rule.resourceNames ?? [])].sort(), [...GATEWAY_API_CRDS].sort());
  });

  test('nothing may be deleted that users own, and no role may be changed', () => {
    const rules = [...everywhere(), ...clusterWide(), ...ownNamespace()];
    const forbidden = rules.filter(
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
