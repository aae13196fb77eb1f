/**
 * The clusters of all Gateways. A cluster whose definition is the same before and after a swap stays the same object, with its
 * connections; two Gateways that define one alike share it. Endpoints come with configurations and apart from them.
 */
import type { Cluster, Endpoint, EndpointSet } from '../../ir/cluster.ts';
import type { ClusterId } from '../../ir/ids.ts';
import type { Certificate } from '../../ir/tls.ts';
import { UpstreamCluster } from './cluster.ts';
import { DnsDiscovery } from './dns-discovery.ts';
import { HealthRegistry, type HealthRegistryDeps } from './health/health-registry.ts';
import { NOWHERE, type Locality } from './locality.ts';
import type { UpstreamProtocol } from './upstream-pool.ts';

export interface ClusterRegistryDeps extends HealthRegistryDeps {
  readonly protocolOf: (cluster: Cluster) => UpstreamProtocol;
  /** Absent = not known. */
  readonly locality?: Locality;
}

/** Checks that take longer do not hold a swap up. */
const CHECK_PATIENCE_MS = 5_000;

interface Entry {
  readonly key: string;
  readonly cluster: UpstreamCluster;
  readonly discovery: DnsDiscovery | null;
  /** Of the client certificate; `` without one. */
  readonly certificatePem: string;
  /** The last swap that asked for it. */
  neededBy: number;
  /** Of a configuration that is, or was, in force; false while the swap that made it is under way. */
  isInForce: boolean;
}

export class ClusterRegistry {
  readonly #deps: ClusterRegistryDeps;
  readonly #health: HealthRegistry;
  /** By definition. */
  readonly #entries = new Map<string, Entry>();
  /** Most clusters are the same objects from one configuration to the next. */
  readonly #byObject = new WeakMap<Cluster, Entry>();
  /** What was last said of each cluster, also of those not configured yet. */
  readonly #endpoints = new Map<ClusterId, readonly Endpoint[]>();
  /** Entries by the cluster's id. */
  readonly #byId = new Map<ClusterId, Set<Entry>>();
  #swap = 0;
  #pending: Promise<void>[] = [];

  constructor(deps: ClusterRegistryDeps) {
    this.#deps = deps;
    this.#health = new HealthRegistry(deps);
  }

  /** From here to `endSwap`, the clusters asked for are those that the new configuration needs. */
  beginSwap(): void {
    // What a swap that failed had made is of no use.
    for (const entry of this.#entries.values()) if (!entry.isInForce) this.#retire(entry);
    this.#swap += 1;
    this.#pending = [];
  }

  /** The cluster of this definition. `clientCertificate`: the one that its TLS settings name. */
  get(config: Cluster, clientCertificate: Certificate | null): UpstreamCluster {
    const known = this.#byObject.get(config);
    const certificatePem = clientCertificate?.certificatePem ?? '';
    const isSame = known?.certificatePem === certificatePem && this.#entries.get(known.key) === known;
    const entry = isSame ? known : this.#find(config, clientCertificate);
    entry.neededBy = this.#swap;
    return entry.cluster;
  }

  #find(config: Cluster, clientCertificate: Certificate | null): Entry {
    const key = `${JSON.stringify(config)} ${clientCertificate?.certificatePem ?? ''}`;
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = this.#create(key, config, clientCertificate);
      this.#entries.set(key, entry);
    }
    this.#byObject.set(config, entry);
    return entry;
  }

  #create(key: string, config: Cluster, clientCertificate: Certificate | null): Entry {
    const made = this.#createCluster(config, clientCertificate);
    const certificatePem = clientCertificate?.certificatePem ?? '';
    const entry: Entry = { key, ...made, certificatePem, neededBy: this.#swap, isInForce: false };
    const known = this.#byId.get(config.id);
    if (known === undefined) this.#byId.set(config.id, new Set([entry]));
    else known.add(entry);
    return entry;
  }

  #createCluster(
    config: Cluster,
    clientCertificate: Certificate | null,
  ): Pick<Entry, 'cluster' | 'discovery'> {
    const cluster = new UpstreamCluster(config, {
      protocol: this.#deps.protocolOf(config),
      clientCertificate,
      health: this.#health,
      locality: this.#deps.locality ?? NOWHERE,
    });
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

  /**
   * Resolves when the names of new clusters were looked up once, and their endpoints checked once where they have to pass a check before
   * they count: a change of a check must not leave a backend without endpoints until the first answers.
   */
  async resolved(): Promise<void> {
    await Promise.all(this.#pending);
    const checks = [...this.#entries.values()].flatMap(({ isInForce, cluster }) =>
      isInForce ? [] : (cluster.health.settled() ?? []),
    );
    if (checks.length === 0) return;
    const { promise, resolve } = Promise.withResolvers<unknown>();
    const timer = setTimeout(resolve, CHECK_PATIENCE_MS);
    await Promise.race([Promise.all(checks), promise]);
    clearTimeout(timer);
  }

  /** Retires clusters that were not asked for. */
  endSwap(): void {
    for (const entry of this.#entries.values()) {
      if (entry.neededBy === this.#swap) entry.isInForce = true;
      else this.#retire(entry);
    }
  }

  #retire(entry: Entry): void {
    entry.discovery?.stop();
    entry.cluster.retire();
    this.#entries.delete(entry.key);
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
