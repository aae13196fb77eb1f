import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readClusterName } from './cluster-dns.ts';

const service = (name: string, namespace: string): object => ({ kind: 'service', namespace, name });

test('names of Services, whatever the domain of the cluster and the spelling', () => {
  for (const name of [
    'api.shop.svc',
    'api.shop.svc.',
    'API.Shop.SVC.cluster.local',
    'api.shop.svc.corp.example',
  ])
    assert.deepEqual(readClusterName(name), service('api', 'shop'), name);
  assert.deepEqual(readClusterName('db-0.db.shop.svc.cluster.local'), service('db', 'shop'));
  assert.deepEqual(readClusterName('_http._tcp.api.shop.svc.cluster.local'), service('api', 'shop'));
});

test('other names of a cluster', () => {
  for (const name of [
    '10-0-0-1.shop.pod.cluster.local',
    'cluster.local',
    'x.cluster.local.',
    'api.svc',
    '10-0-0-1.shop.pod',
  ])
    assert.deepEqual(readClusterName(name), { kind: 'other' }, name);
});

test('names from elsewhere', () => {
  for (const name of [
    'api.example',
    'svc.example',
    'localhost',
    'x.svcs.example',
    'cluster.localhost',
    '192.0.2.1',
  ])
    assert.equal(readClusterName(name), null, name);
});
