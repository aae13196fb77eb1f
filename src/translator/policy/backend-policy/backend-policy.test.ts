import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { BackendPolicy } from '../../../gatewayapi/generated/types.ts';
import { CORE_GROUP } from '../../../gatewayapi/ref.ts';
import type { ResourceSnapshot } from '../../../gatewayapi/snapshot.ts';
import type { Lookup } from '../../graph/snapshot-index.ts';
import type { TranslateOptions } from '../../types.ts';
import { mergeLayers, type Merged } from '../merge.ts';
import { readPolicies } from '../policies.ts';
import { BACKEND_POLICY } from './backend-policy.ts';
import type { BackendSettings } from './backend-settings.ts';

const lookup = {
  service: (namespace: string, name: string) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace, name },
  }),
} as unknown as Lookup;

const NOTHING = {
  gateways: [],
  listenerSets: [],
  httpRoutes: [],
  grpcRoutes: [],
  tlsRoutes: [],
  tcpRoutes: [],
  udpRoutes: [],
} as unknown as ResourceSnapshot;

const api = { group: CORE_GROUP, kind: 'Service', namespace: 'demo', name: 'api' };

/** Few ages, so that many are the same. */
const policies: fc.Arbitrary<BackendPolicy[]> = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 9 })), { maxLength: 6 })
  .map((list) =>
    list.map(([day, seconds], index) => ({
      apiVersion: 'gateway.sluice.dev/v1alpha1',
      kind: 'BackendPolicy',
      metadata: {
        namespace: 'demo',
        name: `p${String(index)}`,
        creationTimestamp: `2024-01-0${String(day)}T00:00:00Z`,
      },
      spec: {
        targetRefs: [{ group: '', kind: 'Service', name: 'api' }],
        timeouts:
          index % 2 === 0 ? { request: `${String(seconds)}s` } : { streamIdle: `${String(seconds)}s` },
      },
    })),
  );

function governing(backendPolicies: readonly BackendPolicy[]): Merged<BackendSettings, unknown> {
  const { inherited } = readPolicies([BACKEND_POLICY], {
    snapshot: { ...NOTHING, backendPolicies },
    context: { lookup, options: {} as TranslateOptions },
    before: null,
  });
  return mergeLayers(inherited.at(api, null));
}

test('of several policies on one target it does not matter which is read first', () => {
  const orders = policies.chain((list) =>
    fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
  );
  fc.assert(
    fc.property(orders, ([list, shuffled]) => {
      assert.deepEqual(governing(shuffled), governing(list));
    }),
  );
});

test('the oldest decides, then the name', () => {
  const of = (name: string, day: string, request: string): BackendPolicy => ({
    apiVersion: 'gateway.sluice.dev/v1alpha1',
    kind: 'BackendPolicy',
    metadata: { namespace: 'demo', name, creationTimestamp: `2024-01-${day}T00:00:00Z` },
    spec: { targetRefs: [{ group: '', kind: 'Service', name: 'api' }], timeouts: { request } },
  });
  const request = (...list: readonly BackendPolicy[]): number | undefined =>
    governing(list).spec.timeouts?.request;
  assert.equal(request(of('z', '01', '1s'), of('a', '02', '2s')), 1_000);
  assert.equal(request(of('z', '01', '1s'), of('a', '01', '2s')), 2_000);
});
