import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { ResourceSnapshot } from '../gatewayapi/snapshot.ts';
import { writeCertificate } from '../certificates/certificate-files.ts';
import { StandIns } from './fill-stand-ins.ts';
import { missingCertificates, missingServices, secretOf } from './stand-ins.ts';

const httpsListener = (hostname: string | null, secret: string): object => ({
  name: secret,
  port: 443,
  protocol: 'HTTPS',
  ...(hostname === null ? {} : { hostname }),
  tls: { certificateRefs: [{ name: secret }] },
});

function snapshot(listeners: readonly object[], backends: readonly object[] = []): ResourceSnapshot {
  const some: object = {
    gateways: [{ metadata: { name: 'web', namespace: 'infra' }, spec: { listeners } }],
    listenerSets: [],
    secrets: [],
    services: [],
    httpRoutes: [
      {
        metadata: { name: 'shop', namespace: 'default' },
        spec: { hostnames: ['shop.test'], rules: [{ backendRefs: backends }] },
      },
    ],
    grpcRoutes: [],
    tlsRoutes: [],
    tcpRoutes: [],
  };
  return some as ResourceSnapshot;
}

suite('what is missing', () => {
  test('Services of backendRefs, with the ports that are named; other kinds and what exists are not', () => {
    const refs = [
      { name: 'api', port: 80 },
      { name: 'api', port: 81 },
      { name: 'there', port: 80 },
      { name: 'x', kind: 'XBackend', group: 'gateway.networking.x-k8s.io' },
    ];
    const all = snapshot([], refs);
    const there = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'there', namespace: 'default' },
    } as const;
    const services = missingServices({ ...all, services: [there] });
    assert.deepEqual(
      services.map(({ metadata, spec }) => [
        metadata.namespace,
        metadata.name,
        spec?.ports?.map(({ port }) => port),
      ]),
      [['default', 'api', [80, 81]]],
    );
  });

  test('Secrets of listeners, for the hostname of the listener, or those of the routes and this machine', () => {
    const all = snapshot([httpsListener('*.shop.test', 'wild'), httpsListener(null, 'any')]);
    assert.deepEqual(missingCertificates(all), [
      { namespace: 'infra', name: 'wild', names: ['*.shop.test'] },
      { namespace: 'infra', name: 'any', names: ['shop.test', 'localhost', '127.0.0.1', '::1'] },
    ]);
    const secret = secretOf({ namespace: 'infra', name: 'wild' }, { certificatePem: '', keyPem: '' });
    assert.deepEqual(
      missingCertificates({ ...all, secrets: [secret] }).map(({ name }) => name),
      ['any'],
    );
  });
});

suite('stand-ins', () => {
  test('a certificate is made once, and signed by the authority of sluice cert where there is one', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-certs-'));
    t.after(() => {
      rmSync(folder, { recursive: true });
    });
    await writeCertificate({
      names: ['localhost'],
      folder,
      days: 1,
      keyType: 'ecdsa',
      usage: 'server',
      namespace: 'default',
      secretName: 'x',
      replace: false,
    });
    const standIns = new StandIns(folder);
    const all = snapshot([httpsListener('shop.test', 'tls')]);
    const first = await standIns.fill(all);
    const second = await standIns.fill(all);
    assert.equal(first.snapshot.secrets[0], second.snapshot.secrets[0]);
    const pem = Buffer.from(first.snapshot.secrets[0]?.data?.['tls.crt'] ?? '', 'base64');
    const leaf = new X509Certificate(pem);
    assert.equal(leaf.subjectAltName, 'DNS:shop.test');
    assert.match(leaf.issuer, /Sluice development CA/);
    assert.match(first.notes[0] ?? '', /infra\/tls; certificates signed by .*ca\.crt$/);
  });

  test('where nothing is missing, nothing is made', async () => {
    const all = snapshot([]);
    const { snapshot: same, notes } = await new StandIns('nowhere').fill(all);
    assert.equal(same, all);
    assert.deepEqual(notes, []);
  });
});
