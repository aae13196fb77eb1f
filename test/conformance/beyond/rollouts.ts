/** Everything that is replaced while it serves: proxies, controller, backends, certificates. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mint, type CertifiedKey } from '../../support/certificates.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { inNamespace, runAsync, until } from '../cluster/command.ts';
import { httpRoute, tlsGateway, tlsSecret } from './manifests.ts';
import { Scene } from './scene.ts';
import { ALL_KINDS, assertNothingLost, underLoad } from './steady-load.ts';

const LIMIT = { timeout: 300_000 };
const CONTROLLER = ['-n', 'sluice-system', 'rollout'] as const;

export function rolloutTests(cluster: () => Cluster): void {
  test('a rolling update of the proxies loses no request', LIMIT, async () => {
    const scene = await Scene.open(cluster(), 'roll-proxies');
    const target = { address: await scene.address(), host: scene.host, kinds: ALL_KINDS };
    const proxies = await scene.proxies();
    const report = await underLoad(target, async () => {
      await scene.kubectl('rollout', 'restart', proxies);
      await scene.rolledOut(proxies);
    });
    await scene.close();
    assertNothingLost(report, ALL_KINDS);
  });

  test('a rolling update of the controller loses no request', LIMIT, async () => {
    const scene = await Scene.open(cluster(), 'roll-controller');
    const target = { address: await scene.address(), host: scene.host, kinds: ALL_KINDS };
    const report = await underLoad(target, async () => {
      await cluster().kubectl([...CONTROLLER, 'restart', 'deployment/sluice-controller']);
      await cluster().kubectl([...CONTROLLER, 'status', 'deployment/sluice-controller', '--timeout=120s']);
    });
    await scene.close();
    assertNothingLost(report, ALL_KINDS);
  });

  test('a rollout of the backends loses no request', LIMIT, async () => {
    const kinds = ['keep-alive', 'fresh', 'h2'] as const;
    const scene = await Scene.open(cluster(), 'roll-backends', 3);
    const target = { address: await scene.address(), host: scene.host, kinds };
    const report = await underLoad(target, async () => {
      await scene.kubectl('rollout', 'restart', 'deployment/echo');
      await scene.rolledOut('deployment/echo');
    });
    await scene.close();
    assertNothingLost(report, kinds);
  });

  test('a certificate is replaced under load: the new one is shown, no handshake fails', LIMIT, async () => {
    const scene = await Scene.open(cluster(), 'rotate-secret');
    const name = 'tls.rotate-secret.example';
    const [first, second] = await Promise.all([mint([name]), mint([name])]);
    await cluster().kubectl.apply([
      tlsSecret(scene.namespace, 'certificate', first),
      tlsGateway(scene.namespace, 'secure', 'certificate'),
      httpRoute({
        namespace: scene.namespace,
        name: 'secure',
        host: name,
        gateway: { name: 'secure' },
        backend: { name: 'echo' },
      }),
    ]);
    const address = await scene.address('secure');
    await until('the first certificate is shown', 30, () => assertShown(address, name, first));
    const report = await underLoad({ address, host: name, kinds: ['tls'] }, async () => {
      await cluster().kubectl.apply([tlsSecret(scene.namespace, 'certificate', second)]);
      await until('the second certificate is shown', 30, () => assertShown(address, name, second));
    });
    await scene.close();
    assertNothingLost(report, ['tls']);
  });
}

/** Fails when the server does not show the certificate of `pair`. */
async function assertShown(address: string, name: string, pair: CertifiedKey): Promise<void> {
  const words = ['s_client', '-connect', `${address}:443`, '-servername', name, '-showcerts'];
  const [program, entered] = inNamespace('openssl', words);
  const shown = await runAsync(program, entered);
  assert.ok(shown.includes(firstCertificate(pair.certificatePem)), 'another certificate is shown');
}

const firstCertificate = (pem: string): string => pem.slice(0, pem.indexOf('-----END')).trim();
