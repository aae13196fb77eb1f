/**
 * The components of the test cluster and their addresses. All addresses are of the benchmarking range 198.18.0.0/15
 * (RFC 2544), inside a network namespace of its own that has no way out.
 */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const VERSIONS = {
  go: '1.26.0',
  kubernetes: 'v1.37.2',
  etcd: 'v3.7.3',
  coredns: 'v1.15.0',
  gatewayApi: 'v1.6.3',
  helm: 'v3.19.0',
} as const;

export const ADDRESSES = {
  node: '198.18.255.1',
  pods: '198.18.0.0/24',
  services: '198.19.0.0/20',
  dns: '198.19.0.10',
  kubernetesService: '198.19.0.1',
  /** Where Services of type LoadBalancer get their addresses from: 198.19.240.1 to 198.19.241.254. */
  loadBalancerPrefixes: ['198.19.240', '198.19.241'],
  /** For GatewayStaticAddresses: one address that the load balancer can give, one that it cannot. */
  usable: '198.19.240.200',
  unusable: '198.19.250.1',
} as const;

export const NAMESPACE = 'sluice-lab';

export interface Layout {
  /** Go modules, binaries and images: kept between runs. */
  readonly cache: string;
  readonly bin: string;
  readonly images: string;
  /** State of one cluster: removed when it goes down. */
  readonly state: string;
  readonly kubeconfig: string;
  readonly containerdSocket: string;
}

export function createLayout(root: string): Layout {
  const cache = resolve(root);
  const state = join(cache, 'state');
  const layout: Layout = {
    cache,
    bin: join(cache, 'bin'),
    images: join(cache, 'images'),
    state,
    kubeconfig: join(state, 'pki', 'kubeconfig'),
    containerdSocket: join(state, 'containerd.sock'),
  };
  for (const folder of [layout.bin, layout.images, state]) mkdirSync(folder, { recursive: true });
  return layout;
}
