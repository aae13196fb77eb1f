import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { gatewayObject } from '../../../test/support/kube-cluster.ts';
import type { KubeObject } from '../../kubeapi/client.ts';
import { ReferenceFinder } from './references.ts';

const gateway = gatewayObject('web', 'shop', {
  listeners: [
    {
      name: 'https',
      port: 443,
      protocol: 'HTTPS',
      tls: {
        certificateRefs: [
          { group: '', kind: 'Secret', name: 'own' },
          { group: '', kind: 'Secret', name: 'shared', namespace: 'certificates' },
          { group: 'example.net', kind: 'Secret', name: 'foreign' },
        ],
      },
    },
  ],
  tls: {
    frontend: {
      default: { validation: { caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'ca' }] } },
    },
  },
}) as unknown as KubeObject;

suite('references', () => {
  test('Secrets and ConfigMaps are found wherever they are named, in the namespace they are meant in', () => {
    const found = new ReferenceFinder().find([gateway]);
    assert.deepEqual([...found.Secret], ['shop/own', 'certificates/shared']);
    assert.deepEqual([...found.ConfigMap], ['shop/ca']);
  });

  test('an object without references, or without a spec, has none', () => {
    const found = new ReferenceFinder().find([
      { apiVersion: 'v1', kind: 'Thing', metadata: { name: 'x' } },
      gatewayObject('plain') as unknown as KubeObject,
    ]);
    assert.equal(found.Secret.size + found.ConfigMap.size, 0);
  });
});
