/**
 * The clusters of all Gateways. A cluster whose definition does not change in an update stays the same object, with its
 * connections; two Gateways with equal definitions share it. Endpoints arrive with configurations and separately.
 */
import type { Cluster, Endpoint, EndpointSet } from '../../ir/cluster.ts';
import type { ClusterId } from '../../ir/ids.ts';
import type { Certificate } from '../../ir/tls.ts';
import { samePlain, type Plain } from '../../lib/structural-patch.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { endpointName } from './endpoint.ts';
import { isWatched, UpstreamCluster, type UpstreamClusterDeps } from './cluster.ts';
import { DnsDiscovery, resolveByDns, resolveCompleteName } from './dns-discovery.ts';
import { HealthRegistry, type HealthRegistryDeps } from './health/health-registry.ts';
import { NOWHERE, type Locality } from './locality.ts';
import { NO_GUARD, type Targets, type TargetSource } from './target-guard.ts';
import type { UpstreamProtocol } from './upstream-pool.ts';

export interface ClusterRegistryDeps extends HealthRegistryDeps {
  readonly protocolOf: (cluster: Cluster) => UpstreamProtocol;
  /** Absent = not known. */
  readonly locality?: Locality;
  /** Absent = everything is allowed. */
  readonly targets?: Targets;
}

/** Checks that take longer do not delay an update. */
const FIRST_CHECK_TIMEOUT_MS = 5_000;

interface Entry {
  readonly cluster: UpstreamCluster;
  readonly discovery: DnsDiscovery | null;
  /** Of the client certificate; `` without one. */
  readonly certificatePem: string;
  /** The last update that needs it. */
  neededBy: number;
  /** Whether its configuration is, or was, the active one; false until the update that created it is done. */
  isActive: boolean;
}

export class ClusterRegistry {
  readonly #logger: Logger;
  readonly #clusterDeps: UpstreamClusterDeps;
  readonly #targets: Targets;
  /** Refused addresses that were logged: a name is resolved repeatedly. */
  readonly #logged = new WeakMap<UpstreamCluster, string>();
  readonly #entries = new Set<Entry>();
  /** Most clusters are the same objects from one configuration to the next. */
  readonly #byObject = new WeakMap<Cluster, Entry>();
  /** The last endpoints of each cluster, including unconfigured ones. */
  readonly #endpoints = new Map<ClusterId, readonly Endpoint[]>();
  /** Entries by the cluster's id: nearly always one. */
  readonly #byId = new Map<ClusterId, readonly Entry[]>();
  #update = 0;
  #pending: Promise<void>[] = [];

  constructor(deps: ClusterRegistryDeps) {
    const { logger, protocolOf, locality = NOWHERE, targets = NO_GUARD } = deps;
    this.#logger = logger;
    this.#targets = targets;
    this.#clusterDeps = { protocolOf, health: new HealthRegistry(deps), locality };
  }

  /** Between this and `endUpdate`, requested clusters are those that the new configuration needs. */
  beginUpdate(): void {
    // Drop clusters of a failed update.
    for (const entry of this.#entries) if (!entry.isActive) this.#retire(entry);
    this.#update += 1;
    this.#pending = [];
  }

  /** The cluster of this definition. `clientCertificate`: the one that its TLS settings refer to. */
  get(config: Cluster, clientCertificate: Certificate | null): UpstreamCluster {
    const known = this.#byObject.get(config);
    const certificatePem = clientCertificate?.certificatePem ?? '';
    const isSame = known?.certificatePem === certificatePem && this.#entries.has(known);
    const entry = isSame ? known : this.#find(config, clientCertificate);
    entry.neededBy = this.#update;
    return entry.cluster;
  }

  #find(config: Cluster, clientCertificate: Certificate | null): Entry {
    const certificatePem = clientCertificate?.certificatePem ?? '';
    const known = (this.#byId.get(config.id) ?? []).find(
      (entry) => entry.certificatePem === certificatePem && saysTheSame(entry.cluster.config, config),
    );
    const entry = known ?? this.#create(config, clientCertificate);
    this.#byObject.set(config, entry);
    return entry;
  }

  #create(config: Cluster, clientCertificate: Certificate | null): Entry {
    const cluster = new UpstreamCluster(config, clientCertificate, this.#clusterDeps);
    const discovery = this.#discover(cluster);
    const certificatePem = clientCertificate?.certificatePem ?? '';
    const entry: Entry = { cluster, discovery, certificatePem, neededBy: this.#update, isActive: false };
    const others = this.#byId.get(config.id);
    const sameId = others === undefined ? [entry] : [...others, entry];
    // Health counters are shared by all definitions of the cluster.
    if (sameId.length > 1 && sameId.some((each) => isWatched(each.cluster.config.policy))) {
      for (const each of sameId) each.cluster.wake();
    }
    this.#byId.set(config.id, sameId);
    this.#entries.add(entry);
    return entry;
  }

  #discover(cluster: UpstreamCluster): DnsDiscovery | null {
    const { id, discovery: settings } = cluster.config;
    if (settings.kind === 'endpoints') {
      cluster.setEndpoints(this.#allowed(cluster, this.#endpoints.get(id) ?? [], 'endpoints'));
      return null;
    }
    const discovery = new DnsDiscovery(
      settings,
      (endpoints) => cluster.setEndpoints(this.#allowed(cluster, endpoints, 'name')),
      this.#logger,
      this.#targets.isAbsolute ? resolveCompleteName : resolveByDns,
    );
    this.#pending.push(discovery.start());
    return discovery;
  }

  /**
   * Resolves when the names of new clusters were resolved once, and their endpoints checked once if they must pass a check before
   * they are used: a change of a check must not leave a backend without endpoints until the first results.
   */
  async resolved(): Promise<void> {
    await Promise.all(this.#pending);
    const checks = [...this.#entries].flatMap(({ isActive, cluster }) =>
      isActive ? [] : (cluster.serving?.health.firstRound() ?? []),
    );
    if (checks.length === 0) return;
    const { promise, resolve } = Promise.withResolvers<unknown>();
    const timer = setTimeout(resolve, FIRST_CHECK_TIMEOUT_MS);
    await Promise.race([Promise.all(checks), promise]);
    clearTimeout(timer);
  }

  /** Retires clusters that the update does not need. */
  endUpdate(): void {
    for (const entry of this.#entries) {
      if (entry.neededBy === this.#update) entry.isActive = true;
      else this.#retire(entry);
    }
  }

  #retire(entry: Entry): void {
    entry.discovery?.stop();
    entry.cluster.retire();
    this.#entries.delete(entry);
    const { id } = entry.cluster.config;
    const left = (this.#byId.get(id) ?? []).filter((other) => other !== entry);
    if (left.length === 0) this.#byId.delete(id);
    else this.#byId.set(id, left);
  }

  /** Unchanged endpoint sets are skipped. */
  setEndpoints(set: EndpointSet): void {
    if (this.#endpoints.get(set.cluster) === set.endpoints) return;
    this.#endpoints.set(set.cluster, set.endpoints);
    for (const { cluster, discovery } of this.#byId.get(set.cluster) ?? []) {
      if (discovery === null) cluster.setEndpoints(this.#allowed(cluster, set.endpoints, 'endpoints'));
    }
  }

  /** The permitted endpoints; `endpoints` itself if all are permitted. */
  #allowed(
    cluster: UpstreamCluster,
    endpoints: readonly Endpoint[],
    source: TargetSource,
  ): readonly Endpoint[] {
    const checkPort = cluster.config.policy.activeCheck?.port ?? null;
    const refusals = new Map<Endpoint, string>();
    for (const endpoint of endpoints) {
      const why =
        this.#targets.refusal(endpoint, source) ??
        (checkPort === null ? null : this.#targets.refusal({ ...endpoint, port: checkPort }, source));
      if (why !== null) refusals.set(endpoint, why);
    }
    this.#logRefusals(cluster, refusals);
    return refusals.size === 0 ? endpoints : endpoints.filter((endpoint) => !refusals.has(endpoint));
  }

  #logRefusals(cluster: UpstreamCluster, refusals: ReadonlyMap<Endpoint, string>): void {
    const text = [...refusals].map(([endpoint, why]) => `${endpointName(endpoint)} (${why})`).join(', ');
    if (text === (this.#logged.get(cluster) ?? '')) return;
    this.#logged.set(cluster, text);
    if (text === '') return;
    const { kind, namespace, name } = cluster.config.origin;
    this.#logger.warn('addresses of a backend are not used', {
      backend: `${kind} ${namespace}/${name}`,
      addresses: text,
    });
  }

  get clusters(): readonly UpstreamCluster[] {
    return [...this.#entries].map(({ cluster }) => cluster);
  }

  destroy(): void {
    for (const { cluster, discovery } of this.#entries) {
      discovery?.stop();
      cluster.destroy();
    }
  }
}

const saysTheSame = (a: Cluster, b: Cluster): boolean =>
  samePlain(a as unknown as Plain, b as unknown as Plain);
