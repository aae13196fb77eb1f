import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NOWHERE, nearest, type PlacedEndpoint } from './locality.ts';

interface Named extends PlacedEndpoint {
  readonly name: string;
}

const HERE = { zone: 'z1', node: 'n1' };

const endpoint = (name: string, zone: string | null, zones: string[] = [], nodes: string[] = []): Named => ({
  name,
  zone,
  hints: zones.length + nodes.length === 0 ? undefined : { zones, nodes },
});

const names = (endpoints: readonly Named[]): string => endpoints.map(({ name }) => name).join('');

describe('endpoints near the proxy', () => {
  const inZones = [endpoint('a', 'z1'), endpoint('b', 'z2'), endpoint('c', 'z1'), endpoint('d', null)];

  test('without a policy and without hints: all', () => {
    assert.equal(names(nearest(inZones, HERE, null)), 'abcd');
  });

  test('a policy: the own zone, when there are enough endpoints altogether', () => {
    assert.equal(names(nearest(inZones, HERE, 5)), 'abcd');
    assert.equal(names(nearest(inZones, HERE, 4)), 'ac');
    assert.equal(names(nearest(inZones, HERE, 3)), 'ac');
  });

  test('no endpoint in the own zone, or no zone: all', () => {
    assert.equal(names(nearest(inZones, { zone: 'z3', node: '' }, 1)), 'abcd');
    assert.equal(names(nearest(inZones, NOWHERE, 1)), 'abcd');
  });

  test('hints for zones, when every endpoint has some and this zone is among them', () => {
    const hinted = [
      endpoint('a', 'z1', ['z1']),
      endpoint('b', 'z2', ['z2', 'z1']),
      endpoint('c', 'z2', ['z2']),
    ];
    assert.equal(names(nearest(hinted, HERE, null)), 'ab');
    assert.equal(names(nearest([...hinted, endpoint('d', 'z1')], HERE, null)), 'abcd');
    assert.equal(names(nearest(hinted, { zone: 'z9', node: 'n1' }, null)), 'abc');
  });

  test('hints for nodes come before zones and before a policy', () => {
    const hinted = [endpoint('a', 'z1', ['z1'], ['n1']), endpoint('b', 'z1', ['z1'], ['n2'])];
    assert.equal(names(nearest(hinted, HERE, null)), 'a');
    assert.equal(names(nearest(hinted, HERE, 1)), 'a');
    assert.equal(names(nearest(hinted, { zone: 'z1', node: 'n3' }, null)), 'ab');
  });
});
