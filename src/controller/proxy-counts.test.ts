import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EndpointSlice, EndpointSliceEndpoint } from '../gatewayapi/core-kinds.ts';
import { gatewayDataPlane } from '../ir/data-plane-id.ts';
import type { InfraSpec } from '../ir/infra.ts';
import { resourceName } from '../infrastructure/kubernetes/names.ts';
import { ProxyCounts } from './proxy-counts.ts';
import { platformDigest } from './translate-options.ts';

const infraOf = (name: string): InfraSpec =>
  ({ gateway: { kind: 'Gateway', namespace: 'shop', name } }) as unknown as InfraSpec;
const WEB = infraOf('web');

const slice = (
  infra: InfraSpec,
  endpoints: readonly EndpointSliceEndpoint[],
  {
    addressType = 'IPv4',
    namespace = 'shop',
  }: Partial<{ addressType: 'IPv4' | 'IPv6'; namespace: string }> = {},
): EndpointSlice => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: {
    namespace,
    name: 'x',
    labels: { 'kubernetes.io/service-name': resourceName(infra, platformDigest) },
  },
  addressType,
  endpoints,
});
const pod = (
  address: string,
  conditions: EndpointSliceEndpoint['conditions'] = { ready: true },
): EndpointSliceEndpoint => ({
  addresses: [address],
  conditions,
});

const counted = (...slices: readonly EndpointSlice[]): unknown =>
  Object.fromEntries(new ProxyCounts(platformDigest).of([WEB, infraOf('api')], slices));

test('counts pods that serve, those that drain included', () => {
  const endpoints = [
    pod('10.0.0.1'),
    pod('10.0.0.2', {}),
    pod('10.0.0.3', { ready: false, serving: true, terminating: true }),
    pod('10.0.0.4', { ready: false }),
    pod('10.0.0.5', { ready: false, serving: false, terminating: true }),
  ];
  assert.deepEqual(counted(slice(WEB, endpoints)), { [gatewayDataPlane(WEB.gateway)]: 3 });
});

test('a pod with two addresses, or in two slices, counts once', () => {
  const counts = counted(
    slice(WEB, [pod('10.0.0.1'), pod('10.0.0.2')]),
    slice(WEB, [pod('10.0.0.2')]),
    slice(WEB, [pod('fd00::1'), pod('fd00::2')], { addressType: 'IPv6' }),
  );
  assert.deepEqual(counts, { [gatewayDataPlane(WEB.gateway)]: 2 });
});

test('Services of other namespaces, and Gateways without a proxy, are left out', () => {
  assert.deepEqual(
    counted(slice(WEB, [pod('10.0.0.1')], { namespace: 'other' }), slice(infraOf('api'), [])),
    {},
  );
});
