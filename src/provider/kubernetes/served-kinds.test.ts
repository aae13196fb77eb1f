import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { newestReadable } from './served-kinds.ts';

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
