import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { diffConfig, isEndpointPatch, patchConfig } from './config-patch.ts';
import { gatewayDataPlane } from './data-plane-id.ts';
import { DEFAULT_PROXY_SETTINGS, type GatewayConfig } from './gateway-config.ts';
import { certificateId, clusterId } from './ids.ts';
import { Redacted } from './redacted.ts';

const base: GatewayConfig = {
  version: 'v1',
  dataPlane: gatewayDataPlane({ namespace: 'default', name: 'web' }),
  generation: 1,
  addresses: [],
  ports: [{ number: 80, transport: 'tcp', listeners: [] }],
  rules: [],
  clusters: [],
  endpoints: [
    {
      cluster: clusterId('a'),
      endpoints: [{ address: '10.0.0.1', port: 80, state: 'ready', zone: null }],
    },
    { cluster: clusterId('b'), endpoints: [] },
  ],
  certificates: [
    { id: certificateId('tls'), certificatePem: 'pem', keyPem: new Redacted('key-1'), ocspResponse: null },
  ],
  settings: DEFAULT_PROXY_SETTINGS,
};

const overTheWire = (before: GatewayConfig, after: GatewayConfig): GatewayConfig => {
  const patch = diffConfig(before, after);
  assert.ok(patch !== null);
  return patchConfig(before, JSON.parse(JSON.stringify(patch)) as typeof patch);
};

suite('config patch', () => {
  test('a key that rotates is a change, arrives readable, and still does not print', () => {
    const [certificate] = base.certificates;
    assert.ok(certificate);
    const next = { ...base, certificates: [{ ...certificate, keyPem: new Redacted('key-2') }] };
    const patched = overTheWire(base, next);
    assert.equal(patched.certificates[0]?.keyPem.reveal(), 'key-2');
    assert.match(JSON.stringify(patched), /\[redacted\]/);
    assert.equal(patched.ports, base.ports, 'what did not change is the same object');
  });

  test('the same content is no change, whatever objects hold it', () => {
    const copied = {
      ...base,
      certificates: base.certificates.map((one) => ({ ...one, keyPem: new Redacted('key-1') })),
    };
    assert.equal(diffConfig(base, copied), null);
  });

  test('endpoints are told from everything else', () => {
    const [a, b] = base.endpoints;
    assert.ok(a && b);
    const moved = { ...base, version: 'v2', endpoints: [a, { ...b, endpoints: a.endpoints }] };
    const patch = diffConfig(base, moved);
    assert.ok(patch !== null && isEndpointPatch(patch));
    const patched = patchConfig(base, patch);
    assert.deepEqual(patched.endpoints, moved.endpoints);
    assert.equal(patched.endpoints[0], a);
    assert.equal(patched.certificates, base.certificates);
    const grown = diffConfig(base, { ...moved, generation: 2 });
    assert.ok(grown !== null && !isEndpointPatch(grown));
  });
});
