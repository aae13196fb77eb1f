import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  dataPlaneId,
  dataPlaneOf,
  gatewayDataPlane,
  originOfDataPlane,
  parseDataPlaneId,
  type DataPlaneIdentity,
} from './data-plane-id.ts';

test('an identity survives the way to text and back', () => {
  const identities: readonly DataPlaneIdentity[] = [
    { kind: 'gateway', namespace: 'shop', name: 'web' },
    { kind: 'gateway', namespace: 'mesh', name: 'web' },
    { kind: 'mesh', name: 'web' },
  ];
  for (const identity of identities) assert.deepEqual(parseDataPlaneId(dataPlaneId(identity)), identity);
  assert.equal(new Set(identities.map(dataPlaneId)).size, identities.length);
});

test('other text names no data plane', () => {
  const others = ['', 'web', 'shop/web', 'gateway/web', 'gateway//web', 'gateway/shop/', 'gateway/a/b/c'];
  for (const text of [...others, 'mesh', 'mesh/', 'mesh/a/b', 'node/a']) {
    assert.equal(parseDataPlaneId(text), null, text);
  }
});

test('an object leads to its data plane and back', () => {
  const gateway = gatewayDataPlane({ namespace: 'shop', name: 'web' });
  assert.deepEqual(originOfDataPlane(gateway), { kind: 'Gateway', namespace: 'shop', name: 'web' });
  const mesh = dataPlaneId({ kind: 'mesh', name: 'sluice' });
  assert.deepEqual(originOfDataPlane(mesh), { kind: 'XMesh', namespace: '', name: 'sluice' });
  for (const id of [gateway, mesh]) assert.equal(dataPlaneOf(originOfDataPlane(id)), id);
});
