/** `sluice run --tls-dir`: certificates that are files, and no manifests of Secrets. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { mint, testAuthority } from '../support/certificates.ts';
import { startSluice } from '../support/sluice-process.ts';
import { dialTls, exchange } from '../support/tls-client.ts';

const MANIFESTS = `
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: sluice }
spec: { controllerName: sluice.dev/gateway-controller }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: web }
spec:
  gatewayClassName: sluice
  listeners:
    - { name: https, port: 443, protocol: HTTPS, tls: { certificateRefs: [{ name: shop.example }] } }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: web }
spec:
  parentRefs: [{ name: web }]
  rules: [{ backendRefs: [{ name: web, port: 80 }] }]
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { ports: [{ port: 80 }] }
`;

test('a listener names a certificate of the folder, which may be renewed while it is served', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-tls-dir-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  const certificates = join(folder, 'live', 'shop.example');
  mkdirSync(certificates, { recursive: true });
  const manifest = join(folder, 'gateway.yaml');
  writeFileSync(manifest, MANIFESTS);
  const store = async (): Promise<string> => {
    const { certificatePem, keyPem } = await mint(['shop.example']);
    writeFileSync(join(certificates, 'fullchain.pem'), certificatePem);
    writeFileSync(join(certificates, 'privkey.pem'), keyPem);
    return certificatePem;
  };
  await store();
  const args = ['--echo', '--tls-dir', join(folder, 'live')];
  const sluice = await startSluice({ paths: [manifest], args });
  t.after(() => sluice.stop());
  const ca = (await testAuthority()).certificatePem;
  const visit = async (): Promise<string> => {
    const { socket, error } = await dialTls(sluice.port(443), { servername: 'shop.example', ca });
    assert.equal(error, null);
    const shown = socket.getPeerX509Certificate()?.toString() ?? '';
    assert.match(await exchange(socket, 'GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n'), /^HTTP\/1\.1 200/);
    socket.destroy();
    return shown.trim();
  };
  await visit();
  const renewed = await store();
  // Each visit gets the active certificate; the new one must appear before the test times out.
  let shown = await visit();
  while (shown !== renewed.trim()) shown = await visit();
});
