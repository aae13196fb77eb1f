import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listSpecFields } from './spec-fields.ts';

test('fields of a spec: lists are marked, maps and empty objects are one path', () => {
  assert.deepEqual(listSpecFields('ReferenceGrant'), [
    'spec.from[].group',
    'spec.from[].kind',
    'spec.from[].namespace',
    'spec.to[].group',
    'spec.to[].kind',
    'spec.to[].name',
  ]);
  const gateway = listSpecFields('Gateway');
  for (const path of [
    'spec.listeners[].tls.options',
    'spec.addresses[].value',
    'spec.infrastructure.labels',
  ]) {
    assert.ok(gateway.includes(path), path);
  }
  assert.ok(listSpecFields('BackendPolicy').includes('spec.healthCheck.active.tcp'));
  assert.ok(listSpecFields('HTTPRoute').includes('spec.hostnames[]'));
});

test('a kind that is not ours is a mistake of the caller', () => {
  assert.throws(() => listSpecFields('Ingress'), /no schema/);
  assert.throws(() => listSpecFields('ConfigMap'), /no schema with a spec/);
});
