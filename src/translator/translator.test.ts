/** What a translator recomputes after a change, and what it reuses. test/golden/history.test.ts checks that the results are correct. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { EMPTY_SNAPSHOT } from '../../test/support/empty-snapshot.ts';
import {
  classObject,
  gatewayObject,
  namespaceObject,
  routeObject,
  serviceObject,
  sliceObject,
} from '../../test/support/kube-cluster.ts';
import type { HTTPRoute } from '../gatewayapi/generated/types.ts';
import type { ResourceSnapshot } from '../gatewayapi/snapshot.ts';
import { isEndpointPatch, diffConfig } from '../ir/config-patch.ts';
import { originOfDataPlane } from '../ir/data-plane-id.ts';
import type { GatewayConfig } from '../ir/gateway-config.ts';
import { GraphBuilder } from './graph/graph.ts';
import { Translator } from './translate.ts';
import { CONTROLLER_NAME, type TranslateOptions, type TranslateResult } from './types.ts';

const options: TranslateOptions = {
  controllerName: CONTROLLER_NAME,
  allClasses: false,
  addresses: 'bind',
  trustedCidrs: [],
  readCertificate: () => ({ ok: false, message: 'there are none here' }),
  validateCaBundle: () => null,
  measureRegex: () => 1,
};

const route = (name: string, gateway: string, hostname: string): HTTPRoute =>
  routeObject(name, { gateway, hostname, service: name }) as unknown as HTTPRoute;

const BASE = {
  ...EMPTY_SNAPSHOT,
  gatewayClasses: [classObject()],
  gateways: [gatewayObject('web'), gatewayObject('other')],
  httpRoutes: [
    route('shop', 'web', 'shop.example'),
    route('stable', 'web', 'stable.example'),
    route('elsewhere', 'other', 'other.example'),
  ],
  services: ['shop', 'stable', 'elsewhere'].map((name) => serviceObject(name)),
  endpointSlices: [
    sliceObject('shop', ['10.0.0.1:80']),
    sliceObject('stable', ['10.0.1.1:80']),
    sliceObject('elsewhere', ['10.0.2.1:80']),
  ],
  namespaces: [namespaceObject('default')],
} as unknown as ResourceSnapshot;

const translator = (): ((snapshot: ResourceSnapshot) => TranslateResult) => {
  const one = new Translator(options);
  return (snapshot) => one.translate(snapshot, { dataPlanes: [] });
};

function configOf({ configs }: TranslateResult, name: string): GatewayConfig {
  const found = configs.find(({ dataPlane }) => originOfDataPlane(dataPlane).name === name);
  assert.ok(found !== undefined, name);
  return found;
}

/** Items that are in both, as the same objects. */
const shared = (a: readonly object[], b: readonly object[]): number =>
  a.filter((item) => b.includes(item)).length;

function hostsOf(config: GatewayConfig): readonly object[] {
  const [listener] = config.ports[0]?.listeners ?? [];
  assert.ok(listener?.kind === 'http');
  return listener.virtualHosts;
}

suite('translator', () => {
  test('a route that changed leaves everything else as it is', () => {
    const translate = translator();
    const before = translate(BASE);
    const after = translate({
      ...BASE,
      httpRoutes: BASE.httpRoutes.with(0, route('shop', 'web', 'new.example')),
    });
    const [old, now] = [configOf(before, 'web'), configOf(after, 'web')];
    assert.notEqual(now.version, old.version);
    assert.equal(configOf(after, 'other'), configOf(before, 'other'), 'another Gateway');
    assert.equal(now.rules, old.rules, 'a hostname is no part of a rule');
    assert.equal(now.clusters, old.clusters);
    assert.equal(now.endpoints, old.endpoints);
    assert.equal(shared(hostsOf(now), hostsOf(old)), 1);
    assert.equal(shared(after.statuses, before.statuses), before.statuses.length, 'nothing to write');
  });

  test('endpoints that move alone leave everything but themselves as it is', () => {
    const translate = translator();
    const before = translate(BASE);
    const moved = sliceObject('shop', ['10.0.0.9:80']) as unknown as ResourceSnapshot['endpointSlices'][0];
    const after = translate({ ...BASE, endpointSlices: BASE.endpointSlices.with(0, moved) });
    const [old, now] = [configOf(before, 'web'), configOf(after, 'web')];
    const patch = diffConfig(old, now);
    assert.ok(patch !== null && isEndpointPatch(patch));
    assert.equal(now.ports, old.ports);
    assert.equal(shared(now.endpoints, old.endpoints), 1);
    assert.equal(configOf(after, 'other'), configOf(before, 'other'));
    assert.equal(after.statuses, before.statuses);
    assert.equal(after.findings, before.findings);
  });

  test('a Service that changed and means the same leaves all as it is', () => {
    const translate = translator();
    const before = translate(BASE);
    const [shop] = BASE.services;
    assert.ok(shop !== undefined);
    const labeled = { ...shop, metadata: { ...shop.metadata, labels: { team: 'a' } } };
    const after = translate({ ...BASE, services: BASE.services.with(0, labeled) });
    assert.equal(after.configs, before.configs);
    assert.equal(after.statuses, before.statuses);
  });

  test('a finalizer on a GatewayClass neither validates a Gateway again nor attaches a route again', () => {
    const graph = new GraphBuilder(options);
    const before = graph.update(BASE);
    const [gatewayClass] = BASE.gatewayClasses;
    assert.ok(gatewayClass !== undefined);
    const kept = { ...gatewayClass, metadata: { ...gatewayClass.metadata, finalizers: ['sluice.dev/one'] } };
    const after = graph.update({ ...BASE, gatewayClasses: [kept] });
    assert.equal(after.gateways, before.gateways);
    assert.equal(after.routes, before.routes);
    assert.notEqual(after.classes, before.classes);
    const refused = { ...kept, spec: { ...kept.spec, parametersRef: { group: 'a', kind: 'B', name: 'c' } } };
    assert.notEqual(graph.update({ ...BASE, gatewayClasses: [refused] }).gateways, before.gateways);
  });

  test('a list that holds the same objects is the same list', () => {
    const translate = translator();
    const before = translate(BASE);
    const lists = Object.entries(BASE as unknown as Record<string, object[]>);
    const copied = Object.fromEntries(lists.map(([name, list]) => [name, [...list]]));
    const after = translate(copied as unknown as ResourceSnapshot);
    assert.equal(after.configs, before.configs);
    assert.equal(after.statuses, before.statuses);
    assert.equal(after.findings, before.findings);
  });

  test('after a defect it begins from nothing', () => {
    const translate = translator();
    const before = translate(BASE);
    const broken = { ...BASE, httpRoutes: [...BASE.httpRoutes, { kind: 'HTTPRoute' }] };
    assert.throws(() => translate(broken as unknown as ResourceSnapshot));
    const after = translate(BASE);
    assert.deepEqual(after, before);
  });
});
