/** Endpoints that are moved are those that a translation would give. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  classObject,
  gatewayObject,
  namespaceObject,
  routeObject,
  serviceObject,
  sliceObject,
} from '../../test/support/kube-cluster.ts';
import type { EndpointSlice } from '../gatewayapi/core-kinds.ts';
import type { ResourceSnapshot } from '../gatewayapi/snapshot.ts';
import { moveEndpoints, onlyEndpointsDiffer } from './move-endpoints.ts';
import { translate } from './translate.ts';
import { CONTROLLER_NAME, type TranslateOptions } from './types.ts';

const options: TranslateOptions = {
  controllerName: CONTROLLER_NAME,
  allClasses: false,
  addresses: 'bind',
  trustedCidrs: [],
  readCertificate: () => ({ ok: false, message: 'there are none here' }),
  validateCaBundle: () => null,
  validateRegex: () => null,
};

/** A port without a name stands by its number. */
const unnamed = {
  ...serviceObject('unnamed'),
  spec: {
    type: 'ClusterIP',
    clusterIP: '10.96.0.11',
    ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
  },
};

const slice = (service: string, name: string, ...endpoints: string[]): EndpointSlice => {
  const made = sliceObject(service, endpoints) as unknown as EndpointSlice;
  const ports =
    service === 'unnamed' ? (made.ports ?? []).map((port) => ({ ...port, name: '' })) : made.ports;
  return { ...made, metadata: { ...made.metadata, name }, ...(ports === undefined ? {} : { ports }) };
};

const listenerPolicy = {
  apiVersion: 'gateway.sluice.dev/v1alpha1',
  kind: 'BackendPolicy',
  metadata: { name: 'listener', namespace: 'default' },
  spec: {
    targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'web', sectionName: 'http' }],
    loadBalancer: { type: 'Random' },
  },
};

const base = {
  gatewayClasses: [classObject()],
  gateways: [gatewayObject('web'), gatewayObject('other')],
  listenerSets: [],
  httpRoutes: [
    routeObject('named', { gateway: 'web', hostname: 'named.example', service: 'shop' }),
    routeObject('unnamed', { gateway: 'web', hostname: 'unnamed.example', service: 'unnamed' }),
    routeObject('elsewhere', { gateway: 'other', hostname: 'other.example', service: 'stable' }),
  ],
  grpcRoutes: [],
  tlsRoutes: [],
  tcpRoutes: [],
  udpRoutes: [],
  referenceGrants: [],
  backendTlsPolicies: [],
  backendTrafficPolicies: [],
  // The listener has a pool of its own, under a name of its own.
  backendPolicies: [listenerPolicy],
  backends: [],
  proxyConfigs: [],
  services: [serviceObject('shop'), unnamed, serviceObject('stable')],
  secrets: [],
  configMaps: [],
  namespaces: [namespaceObject('default')],
} as unknown as Omit<ResourceSnapshot, 'endpointSlices'>;

const snapshotOf = (...endpointSlices: EndpointSlice[]): ResourceSnapshot => ({ ...base, endpointSlices });
const configsOf = (snapshot: ResourceSnapshot): ReturnType<typeof moveEndpoints> =>
  translate(snapshot, { gateways: [] }, options).configs;

const stable = slice('stable', 'stable-1', '10.0.3.1:80');
const before = snapshotOf(
  slice('shop', 'shop-1', '10.0.0.1:80'),
  slice('unnamed', 'unnamed-1', '10.0.1.1:80'),
  stable,
);

suite('moved endpoints', () => {
  test('the policy is in force', () => {
    const ids = configsOf(before).flatMap(({ clusters }) => clusters.map(({ id }) => String(id)));
    assert.ok(ids.some((id) => id.endsWith('@Gateway/default/web/http')));
  });

  const cases: Readonly<Record<string, ResourceSnapshot>> = {
    'a slice that changed': snapshotOf(
      slice('shop', 'shop-1', '10.0.0.9:8080'),
      ...before.endpointSlices.slice(1),
    ),
    'a slice that came, before the others by name': snapshotOf(
      slice('shop', 'shop-0', '10.0.0.1:80', '10.0.0.2:80'),
      ...before.endpointSlices,
    ),
    'a slice that went': snapshotOf(...before.endpointSlices.slice(1)),
    'a port without a name': snapshotOf(
      ...before.endpointSlices.slice(0, 1),
      slice('unnamed', 'unnamed-1', '10.0.1.7:81', '10.0.1.8:81'),
      stable,
    ),
    'a Service that nobody uses': snapshotOf(
      slice('unused', 'unused-1', '10.0.9.1:80'),
      ...before.endpointSlices,
    ),
    'nothing at all': before,
  };
  for (const [name, after] of Object.entries(cases)) {
    test(`as a translation has them: ${name}`, () => {
      const moved = moveEndpoints(configsOf(before), before.endpointSlices, after.endpointSlices);
      assert.deepEqual(moved, configsOf(after));
    });
  }

  test('what is not concerned stays the same object', () => {
    const configs = configsOf(before);
    const after = [slice('shop', 'shop-1', '10.0.0.9:80'), ...before.endpointSlices.slice(1)];
    const moved = moveEndpoints(configs, before.endpointSlices, after);
    const of = (list: typeof configs, name: string): (typeof configs)[number] | undefined =>
      list.find(({ gateway }) => gateway.name === name);
    assert.equal(of(moved, 'other'), of(configs, 'other'));
    assert.notEqual(of(moved, 'web')?.version, of(configs, 'web')?.version);
    assert.equal(of(moved, 'web')?.rules, of(configs, 'web')?.rules);
    const kept = of(moved, 'web')?.endpoints.filter((set) => of(configs, 'web')?.endpoints.includes(set));
    assert.equal(kept?.length, 1);
  });

  test('another list of anything else is no mere move', () => {
    assert.equal(onlyEndpointsDiffer(before, snapshotOf(stable)), true);
    assert.equal(onlyEndpointsDiffer(before, { ...before, services: [...before.services] }), false);
    assert.equal(onlyEndpointsDiffer(before, { ...before, httpRoutes: [] }), false);
  });
});
