import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { suite, test } from 'node:test';
import type { InfraSpec } from '../../ir/infra.ts';
import { DEFAULT_WORKLOAD } from '../../ir/workload.ts';
import { containerPorts, objectLabels, portName, resourceName, selectorLabels } from './names.ts';

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');

const spec = (name: string, gatewayClass = 'sluice'): InfraSpec => ({
  gateway: { kind: 'Gateway', namespace: 'default', name },
  generation: 1,
  gatewayClass,
  ports: [],
  labels: {},
  annotations: {},
  addresses: [],
  workload: DEFAULT_WORKLOAD,
});

const DNS_LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
/** What a Deployment appends to its name for a pod's: a hash of ten characters and one of five. */
const POD_SUFFIX = 17;

suite('names of what a Gateway gets', () => {
  test('a Gateway of maximal name has names and labels within every limit', () => {
    const longest = `${'a'.repeat(62)}.${'b'.repeat(62)}.${'c'.repeat(62)}.${'d'.repeat(61)}.e`.slice(0, 253);
    for (const name of [longest, 'a', 'a.b', `${'x'.repeat(29)}.y`, '9-starts-with-digit']) {
      const made = resourceName(spec(name), hash);
      assert.match(made, DNS_LABEL);
      assert.ok(`${made}-identity`.length <= 63 && made.length + POD_SUFFIX <= 63, made);
      for (const [key, value] of Object.entries(objectLabels(spec(name, longest), hash))) {
        assert.ok(value.length <= 63, `${key}: ${value}`);
      }
    }
  });

  test('no two Gateways share a name or a selector, however alike they look', () => {
    const names = ['a.b', 'a-b', 'a', `${'x'.repeat(60)}1`, `${'x'.repeat(60)}2`];
    const made = new Set(names.map((name) => resourceName(spec(name), hash)));
    const selectors = new Set(names.map((name) => JSON.stringify(selectorLabels(spec(name), hash))));
    assert.equal(made.size, names.length);
    assert.equal(selectors.size, names.length);
  });

  test('labels of users are there, but never over ours', () => {
    const labels = objectLabels(
      {
        ...spec('web'),
        labels: { team: 'shop', 'app.kubernetes.io/name': 'mine', 'gateway.sluice.dev/gateway': 'x' },
      },
      hash,
    );
    assert.equal(labels['team'], 'shop');
    assert.equal(labels['app.kubernetes.io/name'], 'sluice-proxy');
    assert.notEqual(labels['gateway.sluice.dev/gateway'], 'x');
    assert.equal(labels['gateway.networking.k8s.io/gateway-name'], 'web');
  });

  test('ports below 1024 move to free ones; with the host’s network none moves', () => {
    const ports = [80, 443, 10_080, 10_081].map((number) => ({ number, transport: 'tcp' as const }));
    const mapped = containerPorts([...ports, { number: 80, transport: 'udp' }], false);
    assert.equal(mapped.get(80), 10_082, 'the first two are listeners of their own');
    assert.equal(mapped.get(443), 10_443);
    assert.equal(mapped.get(10_080), 10_080);
    assert.equal(new Set(mapped.values()).size, mapped.size);
    assert.deepEqual(
      [...containerPorts(ports, true)],
      [80, 443, 10_080, 10_081].map((port) => [port, port]),
    );
    for (const number of [1, 65_535]) assert.ok(portName({ number, transport: 'udp' }).length <= 15);
  });
});
