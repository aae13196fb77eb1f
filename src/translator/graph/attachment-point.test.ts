/** A Service's port as attachment point: no stage makes one yet, and what attaches routes takes it like a listener. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { HTTPRoute } from '../../gatewayapi/generated/types.ts';
import { CORE_GROUP, type ObjectRef } from '../../gatewayapi/ref.ts';
import type { ParentRef } from '../../gatewayapi/status.ts';
import { dataPlaneId } from '../../ir/data-plane-id.ts';
import { listenerId } from '../../ir/ids.ts';
import { findCandidates, indexParents, parentKeyOf, type Parent, type ParentIndex } from './attachment.ts';
import type { ServicePortNode } from './attachment-point.ts';
import { readRoute, type RouteSpec } from './route-adapter.ts';
import { RouteBinder } from './route-binder.ts';
import type { Lookup } from './snapshot-index.ts';

const SERVICE: ObjectRef = { group: CORE_GROUP, kind: 'Service', namespace: 'shop', name: 'web' };
const MESH: ObjectRef = {
  group: 'gateway.networking.x-k8s.io',
  kind: 'XMesh',
  namespace: '',
  name: 'sluice',
};
const PARENT_REF: ParentRef = { group: '', kind: 'Service', name: 'web' };

const port = (number: number, portName: string, clients: string | null = null): ServicePortNode => ({
  kind: 'service-port',
  id: listenerId(`Service/shop/web/${String(number)}`),
  service: SERVICE,
  port: number,
  portName,
  supportedKinds: ['HTTPRoute', 'GRPCRoute'],
  clients,
});

const parent = (...points: ServicePortNode[]): ParentIndex => {
  const service: Parent = {
    kind: 'service-port',
    ref: SERVICE,
    owner: MESH,
    dataPlane: dataPlaneId({ kind: 'mesh', name: 'sluice' }),
    points,
    rejected: false,
  };
  return { byKey: new Map([[parentKeyOf(PARENT_REF, 'shop') ?? '', service]]), defaults: [] };
};

const route = (namespace: string, parentRef: ParentRef, hostnames: string[] = []): RouteSpec =>
  readRoute({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { namespace, name: 'r' },
    spec: { parentRefs: [{ namespace: 'shop', ...parentRef }], hostnames, rules: [] },
  } as unknown as HTTPRoute);

const NO_LOOKUP = {} as Lookup;
const bind = (spec: RouteSpec, parents: ParentIndex): ReturnType<RouteBinder['bind']> => {
  const ref: ObjectRef = { group: '', kind: 'HTTPRoute', namespace: 'shop', name: 'r' };
  const candidates = findCandidates(spec, parents, NO_LOOKUP);
  return new RouteBinder([]).bind({ kind: spec.kind, ref, rules: [] }, candidates);
};

suite('attachment points', () => {
  test('a route attaches to every port of its Service, or to the one that its parentRef means', () => {
    const [http, admin] = [port(80, 'http'), port(8080, 'admin')];
    const index = parent(http, admin);
    const attached = (parentRef: ParentRef): readonly unknown[] =>
      bind(route('shop', parentRef), index).points;
    assert.deepEqual(attached(PARENT_REF), [http, admin]);
    assert.deepEqual(attached({ ...PARENT_REF, port: 8080 }), [admin]);
    assert.deepEqual(attached({ ...PARENT_REF, sectionName: 'http' }), [http]);
    const { parents } = bind(route('shop', { ...PARENT_REF, port: 81 }), index);
    assert.equal(parents[0]?.dataPlane, 'mesh/sluice');
    assert.match(parents[0].refusal?.message ?? '', /has no port on port 81. It has port 80, port 8080/u);
  });

  test('its hostnames are ignored', () => {
    const { points, hostnames } = bind(route('shop', PARENT_REF, ['other.example']), parent(port(80, '')));
    assert.equal(points.length, 1);
    assert.deepEqual(hostnames, [[{ hostname: '', written: '' }]]);
  });

  test('producer routes are of the namespace of the Service, consumer routes of that of the clients', () => {
    const producer = parent(port(80, ''));
    const consumer = parent(port(80, '', 'client'));
    const attaches = (namespace: string, index: ParentIndex): boolean =>
      bind(route(namespace, PARENT_REF), index).points.length > 0;
    assert.deepEqual([attaches('shop', producer), attaches('client', producer)], [true, false]);
    assert.deepEqual([attaches('shop', consumer), attaches('client', consumer)], [false, true]);
  });

  test('today nothing takes a route whose parent is a Service', () => {
    assert.deepEqual(findCandidates(route('shop', PARENT_REF), indexParents([]), NO_LOOKUP), []);
  });
});
