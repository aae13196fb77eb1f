import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { mint } from '../../../test/support/certificates.ts';
import type { Finding } from '../../gatewayapi/finding.ts';
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import { commandFindings } from './command-findings.ts';

const gateway = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'Gateway',
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    gatewayClassName: 'eg',
    listeners: [{ name: 'https', port: 443, protocol: 'HTTPS', tls: { certificateRefs: [{ name: 'tls' }] } }],
  },
} as const;

async function snapshot(name = 'tls'): Promise<ResourceSnapshot> {
  const { certificatePem, keyPem } = await mint(['shop.example']);
  const secret = {
    apiVersion: 'v1' as const,
    kind: 'Secret' as const,
    metadata: { name, namespace: 'default' },
    type: 'kubernetes.io/tls',
    data: {
      'tls.crt': Buffer.from(certificatePem).toString('base64'),
      'tls.key': Buffer.from(keyPem).toString('base64'),
    },
  };
  const some: Partial<ResourceSnapshot> = { gateways: [gateway], listenerSets: [], secrets: [secret] };
  return some as ResourceSnapshot;
}

const DAY_MS = 86_400_000;

async function codesAt(days: number, name?: string): Promise<readonly string[]> {
  const loaded = { snapshot: await snapshot(name), locate: () => null };
  return commandFindings(loaded, [], Date.now() + days * DAY_MS).map(({ code }) => code);
}

suite('certificates', () => {
  test('one that has expired, expires within 30 days, or is not valid yet is a warning', async () => {
    assert.deepEqual(await codesAt(0), []);
    assert.deepEqual(await codesAt(340), ['certificate-expires-soon']);
    assert.deepEqual(await codesAt(400), ['certificate-expired']);
    assert.deepEqual(await codesAt(-30), ['certificate-not-yet-valid']);
  });

  test('one that no listener uses is not looked at', async () => {
    assert.deepEqual(await codesAt(400, 'other'), []);
  });
});

suite('no Gateway is served', () => {
  const foreign: Finding = {
    severity: 'info',
    code: 'gateway-class-foreign',
    object: { group: 'gateway.networking.k8s.io', kind: 'Gateway', namespace: 'default', name: 'web' },
    path: 'spec.gatewayClassName',
    message: '',
    hint: null,
  };

  test('when all belong to another controller, with --all-classes in the same finding', async () => {
    const loaded = { snapshot: await snapshot(), locate: () => null };
    const [finding] = commandFindings(loaded, [foreign], Date.now());
    assert.equal(finding?.severity, 'warning');
    assert.match(finding.message, /^no Gateway is served: the class eg belongs to another controller/);
    assert.match(finding.hint ?? '', /--all-classes/);
  });

  test('not when one of several is', async () => {
    const one = await snapshot();
    const loaded = { snapshot: { ...one, gateways: [gateway, gateway] }, locate: () => null };
    assert.deepEqual(commandFindings(loaded, [foreign], Date.now()), []);
  });
});
