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
  /** Entries of both, by the cluster's id. */
  readonly #byId = new Map<ClusterId, Set<Entry>>();
  readonly #texts = new WeakMap<Cluster, string>();
  #pending: Promise<void>[] = [];

  constructor(deps: ClusterRegistryDeps) {
    this.#deps = deps;
  }

  /** From here to `endSwap`, the clusters asked for are those that the new configuration needs. */
  beginSwap(): void {
    // What a swap that failed had made is of no use.
    this.#retireAll(this.#next, this.#entries);
    this.#next = new Map();
    this.#pending = [];
  }

  /** The cluster of this definition. `clientCertificate`: the one that its TLS settings name. */
  get(config: Cluster, clientCertificate: Certificate | null): UpstreamCluster {
    const key = `${this.#textOf(config)} ${clientCertificate?.certificatePem ?? ''}`;
    let entry = this.#next.get(key) ?? this.#entries.get(key);
    entry ??= this.#create(config, clientCertificate);
    this.#next.set(key, entry);
    return entry.cluster;
  }

  /** Most clusters are the same objects from one configuration to the next. */
  #textOf(config: Cluster): string {
    let text = this.#texts.get(config);
    if (text === undefined) {
      text = JSON.stringify(config);
      this.#texts.set(config, text);
    }
    return text;
  }

  #create(config: Cluster, clientCertificate: Certificate | null): Entry {
    const entry = this.#createEntry(config, clientCertificate);
    const known = this.#byId.get(config.id);
    if (known === undefined) this.#byId.set(config.id, new Set([entry]));
    else known.add(entry);
    return entry;
  }

  #createEntry(config: Cluster, clientCertificate: Certificate | null): Entry {
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
    this.#retireAll(this.#entries, this.#next);
    this.#entries = this.#next;
    this.#next = new Map();
  }

  /** Those of the one that are not in the other. */
  #retireAll(entries: ReadonlyMap<string, Entry>, kept: ReadonlyMap<string, Entry>): void {
    for (const [key, entry] of entries) {
      if (kept.has(key)) continue;
      entry.discovery?.stop();
      entry.cluster.retire();
      this.#forget(entry);
    }
  }

  #forget(entry: Entry): void {
    const { id } = entry.cluster.config;
    const known = this.#byId.get(id);
    known?.delete(entry);
    if (known?.size === 0) this.#byId.delete(id);
  }

  /** Endpoints that are the same object as before are not looked at. */
  setEndpoints(set: EndpointSet): void {
    if (this.#endpoints.get(set.cluster) === set.endpoints) return;
    this.#endpoints.set(set.cluster, set.endpoints);
    for (const { cluster, discovery } of this.#byId.get(set.cluster) ?? []) {
      if (discovery === null) cluster.setEndpoints(set.endpoints);
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
