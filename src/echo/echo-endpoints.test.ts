import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { EndpointSlice, Service } from '../gatewayapi/core-kinds.ts';
import type { ResourceSnapshot } from '../gatewayapi/snapshot.ts';
import { echoKey, servicesWithoutEndpoints, withEchoEndpoints } from './echo-endpoints.ts';

const service = (name: string, spec: NonNullable<Service['spec']>): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'default' },
  spec,
});

const slice = (owner: string, addresses: readonly string[]): EndpointSlice => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: `${owner}-1`, namespace: 'default', labels: { 'kubernetes.io/service-name': owner } },
  addressType: 'IPv4',
  endpoints: addresses.map((address) => ({ addresses: [address] })),
  ports: [{ port: 80 }],
});

const snapshot = (services: readonly Service[], endpointSlices: readonly EndpointSlice[]): ResourceSnapshot =>
  ({ services, endpointSlices }) as unknown as ResourceSnapshot;

suite('--echo', () => {
  test('gives endpoints to Services without any, port by port, and to no others', () => {
    const targets = servicesWithoutEndpoints(
      snapshot(
        [
          service('bare', {
            ports: [{ port: 80 }, { name: 'admin', port: 81 }, { port: 53, protocol: 'UDP' }],
          }),
          service('served', { ports: [{ port: 80 }] }),
          service('emptied', { ports: [{ port: 80 }] }),
          service('external', { type: 'ExternalName', externalName: 'example.com', ports: [{ port: 80 }] }),
        ],
        [slice('served', ['10.0.0.1']), slice('emptied', [])],
      ),
    );
    assert.deepEqual(targets.map(echoKey), ['default/bare:80', 'default/bare:81', 'default/emptied:80']);
  });

  test('each port gets a slice that the Service owns, under the name of the port', () => {
    const before = snapshot(
      [
        service('bare', {
          ports: [
            { name: 'http', port: 80 },
            { name: 'late', port: 81 },
          ],
        }),
      ],
      [],
    );
    const targets = servicesWithoutEndpoints(before);
    const { endpointSlices } = withEchoEndpoints(before, targets, ({ port }) => (port === 80 ? 4000 : null));
    assert.deepEqual(endpointSlices.length, 1, 'a backend that does not listen yet is no endpoint');
    assert.deepEqual(endpointSlices[0]?.ports, [{ name: 'http', port: 4000, protocol: 'TCP' }]);
    assert.equal(endpointSlices[0].metadata.labels?.['kubernetes.io/service-name'], 'bare');
    assert.deepEqual(before.endpointSlices, [], 'what was read stays as it is');
  });
});
