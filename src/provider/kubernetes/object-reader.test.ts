import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { REGISTRY } from '../../gatewayapi/kind-registry.ts';
import { violationsOf } from '../../gatewayapi/rejection.ts';
import type { KubeObject } from '../../kubeapi/client.ts';
import { ObjectReader } from './object-reader.ts';

const TARGETS = [{ group: '', kind: 'Service', name: 'api' }];
const VALIDATION = { hostname: 'api.example', wellKnownCACertificates: 'System' };

const policy = (spec: object, { name = 'secure', uid = 'first' } = {}): KubeObject =>
  ({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'BackendTLSPolicy',
    metadata: { namespace: 'shop', name, uid },
    spec,
  }) as unknown as KubeObject;

const VALID = policy({ targetRefs: TARGETS, validation: VALIDATION });
const BROKEN = policy({ targetRefs: TARGETS, validation: 'none' });

const read = (
  reader: ObjectReader,
  ...objects: readonly KubeObject[]
): readonly (readonly [unknown, boolean])[] =>
  reader.read(objects).map((object) => [object['spec'], violationsOf(object).length > 0]);

const codes = ({ findings }: ObjectReader): readonly string[] => findings.map(({ code }) => code);

suite('a policy that does not satisfy its schema', () => {
  test('keeps its targets if no version was valid', () => {
    const reader = new ObjectReader(REGISTRY);
    assert.deepEqual(read(reader, BROKEN), [[{ targetRefs: TARGETS }, true]]);
    assert.deepEqual(codes(reader), ['unusable-object']);
    const other = policy({ targetRefs: TARGETS }, { name: 'other' });
    assert.equal(read(reader, BROKEN, other).length, 2);
  });

  test('keeps its last valid version, and is reported, until it is valid again', () => {
    const reader = new ObjectReader(REGISTRY);
    assert.deepEqual(read(reader, VALID), [[{ targetRefs: TARGETS, validation: VALIDATION }, false]]);
    for (const version of [BROKEN, policy({ targetRefs: TARGETS })]) {
      assert.deepEqual(read(reader, version), [[{ targetRefs: TARGETS, validation: VALIDATION }, false]]);
      assert.deepEqual(codes(reader), ['unusable-object', 'last-valid-version-served']);
    }
    read(reader, policy({ targetRefs: [], validation: VALIDATION }));
    assert.deepEqual(codes(reader), []);
  });

  test('has no valid version if that belonged to a deleted object of its name', () => {
    const reader = new ObjectReader(REGISTRY);
    read(reader, VALID);
    read(reader);
    assert.deepEqual(read(reader, BROKEN), [[{ targetRefs: TARGETS }, true]]);
    read(reader, VALID);
    const successor = policy({ targetRefs: TARGETS }, { uid: 'second' });
    assert.deepEqual(read(reader, successor), [[{ targetRefs: TARGETS }, true]]);
  });
});
