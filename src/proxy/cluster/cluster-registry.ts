/**
 * The clusters of all Gateways. A cluster whose definition is the same before and after a swap stays the same object, with its
 * connections; two Gateways that define one alike share it. Endpoints come with configurations and apart from them.
 */
import type { Cluster, Endpoint, EndpointSet } from '../../ir/cluster.ts';
import type { ClusterId } from '../../ir/ids.ts';
import type { Certificate } from '../../ir/tls.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { UpstreamCluster } from './cluster.ts';
import { DnsDiscovery } from './dns-discovery.ts';
import type { UpstreamProtocol } from './upstream-pool.ts';

export interface ClusterRegistryDeps {
  readonly logger: Logger;
  readonly protocolOf: (cluster: Cluster) => UpstreamProtocol;
}

interface Entry {
  readonly cluster: UpstreamCluster;
  readonly discovery: DnsDiscovery | null;
}

export class ClusterRegistry {
  readonly #deps: ClusterRegistryDeps;
  /** By definition. */
  #entries = new Map<string, Entry>();
  #next = new Map<string, Entry>();
  /** What was last said of each cluster, also of those not configured yet. */
  readonly #endpoints = new Map<ClusterId, readonly Endpoint[]>();
  #pending: Promise<void>[] = [];

  constructor(deps: ClusterRegistryDeps) {
    this.#deps = deps;
  }

  /** From here to `endSwap`, the clusters asked for are those that the new configuration needs. */
  beginSwap(): void {
    this.#next = new Map();
    this.#pending = [];
  }

  /** The cluster of this definition. `clientCertificate`: the one that its TLS settings name. */
  get(config: Cluster, clientCertificate: Certificate | null): UpstreamCluster {
    const key = JSON.stringify([config, clientCertificate?.certificatePem ?? null]);
    let entry = this.#next.get(key) ?? this.#entries.get(key);
    entry ??= this.#create(config, clientCertificate);
    this.#next.set(key, entry);
    return entry.cluster;
  }

  #create(config: Cluster, clientCertificate: Certificate | null): Entry {
    const cluster = new UpstreamCluster(config, this.#deps.protocolOf(config), clientCertificate);
    if (config.discovery.kind === 'endpoints') {
      cluster.setEndpoints(this.#endpoints.get(config.id) ?? []);
      return { cluster, discovery: null };
    }
    const discovery = new DnsDiscovery(
      config.discovery,
      (endpoints) => cluster.setEndpoints(endpoints),
      this.#deps.logger,
    );
    this.#pending.push(discovery.start());
    return { cluster, discovery };
  }

  /** Resolves when the names of new clusters were looked up once. */
  async resolved(): Promise<void> {
    await Promise.all(this.#pending);
  }

  /** Retires clusters that were not asked for. */
  endSwap(): void {
    for (const [key, entry] of this.#entries) {
      if (this.#next.has(key)) continue;
      entry.discovery?.stop();
      entry.cluster.retire();
    }
    this.#entries = this.#next;
    this.#next = new Map();
  }

  setEndpoints(set: EndpointSet): void {
    this.#endpoints.set(set.cluster, set.endpoints);
    for (const { cluster, discovery } of [...this.#entries.values(), ...this.#next.values()]) {
      if (cluster.config.id === set.cluster && discovery === null) cluster.setEndpoints(set.endpoints);
    }
  }

  get clusters(): readonly UpstreamCluster[] {
    return [...this.#entries.values()].map(({ cluster }) => cluster);
  }

  destroy(): void {
    for (const { cluster, discovery } of this.#entries.values()) {
      discovery?.stop();
      cluster.destroy();
    }
  }
}
