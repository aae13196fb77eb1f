import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { isCustom, type Kind } from '../../gatewayapi/kind.ts';
import { REGISTRY } from '../../gatewayapi/kind-registry.ts';
import { KINDS } from '../../gatewayapi/kinds.ts';
import { ApiError, type KubeClient } from '../../kubeapi/client.ts';
import { SILENT_LOGGER } from '../../telemetry/logger.ts';
import { newestReadable, ServedKinds } from './served-kinds.ts';

suite('the version at which a kind is watched', () => {
  const cases: readonly (readonly [kind: string, served: readonly string[], wanted: string | null])[] = [
    ['BackendTLSPolicy', ['v1alpha3', 'v1'], 'v1'],
    ['BackendTLSPolicy', ['v1alpha2', 'v1alpha3'], 'v1alpha3'],
    ['BackendTLSPolicy', ['v1alpha2'], null],
    ['TLSRoute', ['v1alpha2', 'v1alpha3'], 'v1alpha3'],
    ['ReferenceGrant', ['v1beta1', 'v1alpha2'], 'v1beta1'],
    ['Gateway', ['v2', 'v1', 'v1beta1'], 'v1'],
    ['HTTPRoute', [], null],
  ];
  for (const [kind, served, wanted] of cases) {
    test(`${kind} served as ${served.join(', ') || 'none'}: ${String(wanted)}`, () => {
      const read = REGISTRY.named(kind);
      assert.ok(read !== null);
      assert.equal(newestReadable(read, served), wanted);
      assert.equal(newestReadable(read, served.toReversed()), wanted);
    });
  }
});

test('a group that an API server does not know for a moment changes no version', async (t) => {
  const group = '/apis/gateway.networking.k8s.io';
  let isKnown = true;
  const answers = new Map<string, object>([
    [group, { versions: [{ version: 'v1alpha3' }] }],
    [`${group}/v1alpha3`, { resources: [{ name: 'backendtlspolicies' }] }],
  ]);
  const call = ({ path }: { readonly path: string }): Promise<unknown> => {
    const answer = isKnown ? answers.get(path) : undefined;
    return answer === undefined
      ? Promise.reject(new ApiError(404, 'NotFound', path))
      : Promise.resolve(answer);
  };
  const changed: Kind[] = [];
  const served = new ServedKinds({
    client: { call } as unknown as KubeClient,
    kinds: Object.values(KINDS).filter(isCustom),
    logger: SILENT_LOGGER,
    onChange: (kinds) => changed.push(...kinds),
  });
  t.after(() => {
    served.stop();
  });
  await served.start();
  assert.equal(served.infoOf(KINDS.backendTlsPolicies).version, 'v1alpha3');
  isKnown = false;
  changed.length = 0;
  await served.start();
  assert.equal(served.infoOf(KINDS.backendTlsPolicies).version, 'v1alpha3');
  assert.deepEqual(changed, [], 'watched on: an empty list would take the policies away');
});
