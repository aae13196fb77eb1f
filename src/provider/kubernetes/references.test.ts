import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { gatewayObject } from '../../../test/support/kube-cluster.ts';
import type { KubeObject } from '../../kubeapi/client.ts';
import { KINDS } from '../../gatewayapi/kinds.ts';
import type { ReferenceGrant } from '../../gatewayapi/generated/types.ts';
import { ReferenceFinder } from './references.ts';

const grant = (kind: string, to: object): ReferenceGrant =>
  ({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'ReferenceGrant',
    metadata: { name: 'grant', namespace: 'certificates' },
    spec: { from: [{ group: 'gateway.networking.k8s.io', kind, namespace: 'shop' }], to: [to] },
  }) as ReferenceGrant;

const REFERENCED = [KINDS.secrets, KINDS.configMaps];

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
    const found = new ReferenceFinder(REFERENCED).find(
      [gateway],
      [grant('Gateway', { group: '', kind: 'Secret' })],
    );
    assert.deepEqual([...(found.byKind.get('Secret') ?? [])], ['shop/own', 'certificates/shared']);
    assert.deepEqual([...(found.byKind.get('ConfigMap') ?? [])], ['shop/ca']);
  });

  test('a field may name the kind', () => {
    const policy = {
      apiVersion: 'gateway.sluice.dev/v1alpha1',
      kind: 'QuotaPolicy',
      metadata: { name: 'quota', namespace: 'shop' },
      spec: {
        anyOf: [
          { basic: { secretRef: { name: 'users' } } },
          { oidc: { clientSecretRef: { name: 'client' } } },
        ],
        source: { configMapKeyRef: { name: 'code', key: 'filter.ts' } },
        secretRefs: [{ name: 'one' }, { name: 'two' }],
        backendRef: { name: 'not-a-secret' },
        secretRef: { kind: 'Vault', name: 'of another kind' },
      },
    } as unknown as KubeObject;
    const { byKind } = new ReferenceFinder(REFERENCED).find([policy], []);
    assert.deepEqual(
      [...(byKind.get('Secret') ?? [])],
      ['shop/users', 'shop/client', 'shop/one', 'shop/two'],
    );
    assert.deepEqual([...(byKind.get('ConfigMap') ?? [])], ['shop/code']);
  });

  test('what no ReferenceGrant allows is not found', () => {
    const finder = new ReferenceFinder(REFERENCED);
    const others = [
      [],
      [grant('HTTPRoute', { group: '', kind: 'Secret' })],
      [grant('Gateway', { group: '', kind: 'ConfigMap' })],
      [grant('Gateway', { group: '', kind: 'Secret', name: 'another' })],
    ];
    for (const grants of others) {
      assert.deepEqual(
        [...(finder.find([gateway], grants).byKind.get('Secret') ?? [])],
        ['shop/own'],
        JSON.stringify(grants),
      );
    }
  });

  test('of too many, those that the oldest objects name are found', () => {
    const one = (name: string, year: string): KubeObject => {
      const object = gatewayObject(name, 'shop', {
        listeners: [{ tls: { certificateRefs: [{ kind: 'Secret', name: `${name}-tls` }] } }],
      }) as unknown as KubeObject;
      return { ...object, metadata: { ...object.metadata, creationTimestamp: `${year}-01-01T00:00:00Z` } };
    };
    const found = new ReferenceFinder(REFERENCED, 2).find(
      [one('c', '2026'), one('a', '2024'), one('b', '2025')],
      [],
    );
    assert.deepEqual([...(found.byKind.get('Secret') ?? [])], ['shop/a-tls', 'shop/b-tls']);
    assert.equal(found.leftOut, 1);
  });

  test('an object without references, or without a spec, has none', () => {
    const found = new ReferenceFinder(REFERENCED).find(
      [
        { apiVersion: 'v1', kind: 'Thing', metadata: { name: 'x' } },
        gatewayObject('plain') as unknown as KubeObject,
      ],
      [],
    );
    assert.deepEqual(
      [...found.byKind.values()].map(({ size }) => size),
      [0, 0],
    );
  });
});
