/** Installs the Gateway API, Sluice's own kinds and Sluice in the cluster, as a user would. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gatewayApiFolder } from './cluster/build.ts';
import type { Cluster } from './cluster/cluster.ts';
import { run, until } from './cluster/command.ts';
import { VERSIONS } from './cluster/layout.ts';
import { SLUICE_IMAGE } from './sluice-image.ts';

const CHARTS = join(import.meta.dirname, '..', '..', 'charts');
const SLUICE_NAMESPACE = 'sluice-system';

/** The one node has few cores to promise, and the suite has up to twenty Gateways at a time. */
const LAB_PROXIES = {
  apiVersion: 'gateway.sluice.dev/v1alpha1',
  kind: 'ProxyConfig',
  metadata: { namespace: SLUICE_NAMESPACE, name: 'lab' },
  spec: { workload: { resources: { requests: { cpu: '10m', memory: '32Mi' } } } },
};

export async function installCrds({ kubectl, layout }: Cluster): Promise<void> {
  const folder = join(gatewayApiFolder(layout), 'config', 'crd', 'experimental');
  for (const file of readdirSync(folder)) {
    if (file !== 'kustomization.yaml') await kubectl(['apply', '--server-side', '-f', join(folder, file)]);
  }
  await kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s']);
}

/** What `helm template` gives of a chart, for `kubectl apply`. */
function renderChart(cluster: Cluster, chart: string, values: Readonly<Record<string, string>>): string {
  const settings = Object.entries(values).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
  const words = [
    'template',
    'sluice',
    join(CHARTS, chart),
    '--namespace',
    SLUICE_NAMESPACE,
    '--kube-version',
    VERSIONS.kubernetes,
    ...settings,
  ];
  return run(join(cluster.layout.bin, 'helm'), words);
}

export async function installSluice(cluster: Cluster): Promise<void> {
  const { kubectl } = cluster;
  const apply = async (manifests: string): Promise<void> => {
    await kubectl(['apply', '--server-side', '-n', SLUICE_NAMESPACE, '-f', '-'], { input: manifests });
  };
  await kubectl.apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: SLUICE_NAMESPACE } }]);
  await apply(renderChart(cluster, 'sluice-crds', {}));
  await until('the API server serves ProxyConfigs', 30, () => kubectl.apply([LAB_PROXIES]));
  await apply(
    renderChart(cluster, 'sluice', {
      'image.repository': SLUICE_IMAGE.repository,
      'image.tag': SLUICE_IMAGE.tag,
      'gatewayClass.parametersRef.name': LAB_PROXIES.metadata.name,
    }),
  );
  const deployment = 'deployment/sluice-controller';
  await kubectl(['-n', SLUICE_NAMESPACE, 'rollout', 'status', deployment, '--timeout=120s']);
}
