import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { EndpointSet } from '../ir/cluster.ts';
import { DEFAULT_PROXY_SETTINGS, type GatewayConfig } from '../ir/gateway-config.ts';
import { certificateId, clusterId } from '../ir/ids.ts';
import { Redacted } from '../ir/tls.ts';
import { changeBetween } from './change-filter.ts';

const set = (cluster: string, ...ports: number[]): EndpointSet => ({
  cluster: clusterId(cluster),
  endpoints: ports.map((port) => ({ address: '10.0.0.1', port, state: 'ready', zone: null })),
});

const config = (over: Partial<GatewayConfig> = {}): GatewayConfig => ({
  version: 'v1',
  gateway: { kind: 'Gateway', namespace: 'default', name: 'web' },
  generation: 1,
  addresses: [],
  ports: [],
  rules: [],
  clusters: [],
  endpoints: [set('a', 1), set('b', 1)],
  certificates: [],
  settings: DEFAULT_PROXY_SETTINGS,
  ...over,
});

const certificate = (key: string): GatewayConfig['certificates'][number] => ({
  id: certificateId('default/tls'),
  certificatePem: 'pem',
  keyPem: new Redacted(key),
  ocspResponse: null,
});

suite('what is published', () => {
  test('nothing when nothing differs', () => {
    assert.equal(changeBetween([config()], [config()]), null);
  });

  test('a new Gateway, and one that is gone', () => {
    const other = config({ gateway: { kind: 'Gateway', namespace: 'default', name: 'other' } });
    assert.deepEqual(changeBetween([config()], [other]), {
      changed: [other],
      endpointsChanged: [],
      removed: ['default/web'],
    });
  });

  test('only the sets that moved when nothing else did', () => {
    const moved = config({ version: 'v2', endpoints: [set('a', 1), set('b', 2)] });
    assert.deepEqual(changeBetween([config()], [moved]), {
      changed: [],
      endpointsChanged: [{ config: moved, sets: [set('b', 2)] }],
      removed: [],
    });
  });

  test('the whole Gateway when its endpoints and anything else moved', () => {
    const moved = config({ version: 'v2', addresses: ['10.0.0.9'], endpoints: [set('a', 2), set('b', 1)] });
    assert.deepEqual(changeBetween([config()], [moved])?.changed, [moved]);
  });

  test('a key that was rotated, although it never shows itself', () => {
    const before = config({ certificates: [certificate('old')] });
    const after = config({ version: 'v2', certificates: [certificate('new')] });
    assert.deepEqual(changeBetween([before], [after])?.changed, [after]);
    const same = config({ version: 'v2', certificates: [certificate('old')] });
    assert.deepEqual(changeBetween([before], [same])?.changed, []);
  });

  test('a generation alone, so that it can be acknowledged', () => {
    const next = config({ generation: 2 });
    assert.deepEqual(changeBetween([config()], [next])?.changed, [next]);
  });
});
