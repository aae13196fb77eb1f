import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { ApiError, type KubeClient } from '../../kubeapi/client.ts';
import { SILENT_LOGGER } from '../../telemetry/logger.ts';
import type { ResourceName } from './kinds.ts';
import { newestReadable, ServedKinds } from './served-kinds.ts';

suite('the version at which a kind is watched', () => {
  const group = 'gateway.networking.k8s.io';
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
      assert.equal(newestReadable(group, kind, served), wanted);
      assert.equal(newestReadable(group, kind, served.toReversed()), wanted);
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
  const changed: ResourceName[] = [];
  const served = new ServedKinds({
    client: { call } as unknown as KubeClient,
    logger: SILENT_LOGGER,
    onChange: (names) => changed.push(...names),
  });
  t.after(() => {
    served.stop();
  });
  await served.start();
  assert.equal(served.kindOf('backendTlsPolicies').version, 'v1alpha3');
  isKnown = false;
  changed.length = 0;
  await served.start();
  assert.equal(served.kindOf('backendTlsPolicies').version, 'v1alpha3');
  assert.deepEqual(changed, [], 'watched on: an empty list would take the policies away');
});
