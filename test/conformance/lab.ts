/** A real cluster with Sluice installed in it from its chart, as a user would. Needs root and Go. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { buildCluster } from './cluster/build.ts';
import { startCluster, type Cluster } from './cluster/cluster.ts';
import { createLayout, type Layout } from './cluster/layout.ts';
import { runLoadBalancer } from './cluster/load-balancer.ts';
import { installCrds, installSluice } from './install.ts';
import { buildSluiceImage } from './sluice-image.ts';

const TOOLS = ['go', 'gcc', 'ip', 'nft', 'containerd', 'runc', 'openssl', 'nsenter', 'unshare'];

const CNI_PLUGIN = '/usr/lib/cni/bridge';

export const ROOT = join(import.meta.dirname, '..', '..');

/** Where the cluster's programs are built and kept: below SLUICE_CACHE_DIR, or in a folder that SLUICE_LAB names. */
export const defaultLayout = (): Layout =>
  createLayout(
    process.env['SLUICE_LAB'] ?? join(process.env['SLUICE_CACHE_DIR'] ?? join(ROOT, '.cache'), 'conformance'),
  );

export interface Lab {
  readonly cluster: Cluster;
  /** Takes the cluster down. */
  close(): Promise<void>;
}

/** What this machine lacks for a cluster; null when it has everything. */
export function whyNoLab(): string | null {
  if (process.platform !== 'linux') return 'a cluster needs Linux';
  if (process.getuid?.() !== 0) return 'a cluster needs root';
  const lacks = TOOLS.filter((tool) => spawnSync('which', [tool]).status !== 0);
  if (!existsSync(CNI_PLUGIN)) lacks.push(CNI_PLUGIN);
  if (lacks.length > 0) return `a cluster needs ${lacks.join(' and ')}`;
  const isFree =
    spawnSync('unshare', ['--net', '--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;
  return isFree ? null : 'this root may not make network namespaces and mounts';
}

export async function openLab(layout: Layout, log: (line: string) => void): Promise<Lab> {
  buildCluster(layout, log);
  log('starting the cluster');
  const cluster = await startCluster(layout);
  const balancing = new AbortController();
  void runLoadBalancer(cluster.kubectl, balancing.signal);
  const close = async (): Promise<void> => {
    balancing.abort();
    await cluster.down();
  };
  try {
    log('installing Sluice');
    await installCrds(cluster);
    buildSluiceImage(layout);
    await installSluice(cluster);
  } catch (error) {
    await close();
    throw error;
  }
  return { cluster, close };
}
