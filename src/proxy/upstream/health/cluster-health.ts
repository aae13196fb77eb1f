/** The health of the endpoints of one cluster. */
import type { Cluster } from '../../../ir/cluster.ts';
import type { DialTarget } from '../connector.ts';
import { endpointName } from '../endpoint.ts';
import type { CheckGroup } from './check-group.ts';
import type { CheckResult } from './check-result.ts';
import type { CheckHost } from './endpoint-check.ts';
import { EndpointHealth, UNWATCHED } from './endpoint-health.ts';
import { HealthCounters } from './health-counters.ts';
import type { HealthRegistry } from './health-registry.ts';
import type { OutlierDetector, OutlierHost } from './outlier-detector.ts';
import type { EjectionCause } from './outlier.ts';

export const NOTHING_COUNTED = new HealthCounters();

/** The cluster to notify of changes. */
export interface HealthListener {
  /** The set of healthy endpoints has changed. */
  onHealthChanged(): void;
  canEject(name: string, maxEjectionPercent: number): boolean;
}

export interface ClusterHealthParts {
  readonly registry: HealthRegistry;
  /** null: no active check. */
  readonly group: CheckGroup | null;
  /** null: no passive check. */
  readonly detector: OutlierDetector | null;
  readonly counters: HealthCounters;
}

export class ClusterHealth implements OutlierHost, CheckHost {
  readonly cluster: Cluster;
  readonly group: CheckGroup | null;
  readonly detector: OutlierDetector | null;
  readonly counters: HealthCounters;
  readonly #registry: HealthRegistry;
  readonly #listener: HealthListener;
  readonly #watched = new Map<string, EndpointHealth>();
  #isClosed = false;

  constructor(cluster: Cluster, listener: HealthListener, parts: ClusterHealthParts) {
    this.cluster = cluster;
    this.#listener = listener;
    this.group = parts.group;
    this.detector = parts.detector;
    this.counters = parts.counters;
    this.#registry = parts.registry;
    this.detector?.hosts.add(this);
  }

  /** Adds an endpoint. */
  watch(target: DialTarget): EndpointHealth {
    const { group, detector, cluster } = this;
    if (group === null && detector === null) return UNWATCHED;
    const name = endpointName(target);
    const similar = group === null ? null : this.#registry.similarCheck(cluster.id, group, name);
    const check = group?.take(target, this, similar) ?? null;
    const health = new EndpointHealth(check, detector?.take(name) ?? null);
    this.#watched.set(name, health);
    return health;
  }

  of(name: string): EndpointHealth | undefined {
    return this.#watched.get(name);
  }

  /** Removes an endpoint. */
  unwatch(name: string): void {
    const health = this.#watched.get(name);
    if (health === undefined) return;
    this.#watched.delete(name);
    if (health.outlier !== null) this.detector?.release(health.outlier);
    if (health.check !== null) this.group?.release(health.check, this);
  }

  /** Resolves when every endpoint that must pass a check first has been checked once; null if there is none. */
  firstRound(): Promise<unknown> | null {
    const pending = [...this.#watched.values()].flatMap(({ check }) =>
      check?.verdict === 'pending' ? [check.first()] : [],
    );
    return pending.length === 0 ? null : Promise.all(pending);
  }

  /** The counters to report: of several definitions of the cluster, which share them, only the oldest reports. */
  get reported(): HealthCounters {
    return this.#registry.isOldest(this) ? this.counters : NOTHING_COUNTED;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const name of [...this.#watched.keys()]) this.unwatch(name);
    this.detector?.hosts.delete(this);
    this.#registry.close(this);
  }

  // --- passive ---

  canEject(name: string, maxEjectionPercent: number): boolean {
    return !this.#watched.has(name) || this.#listener.canEject(name, maxEjectionPercent);
  }
  onEjected(name: string, cause: EjectionCause): void {
    if (this.#speaksFor('detector')) {
      this.counters.ejections[cause]++;
      this.#log('endpoint ejected', name, cause);
    }
    this.#listener.onHealthChanged();
  }
  onReadmitted(name: string): void {
    if (this.#speaksFor('detector')) this.#log('endpoint returns after its ejection', name, '');
    this.#listener.onHealthChanged();
  }

  // --- active ---

  onChecked(name: string, { failure, detail }: CheckResult, isNews: boolean): void {
    const speaks = this.#speaksFor('group');
    if (speaks) this.counters.checks[failure ?? 'passed']++;
    if (!isNews) return;
    const message = failure === null ? 'endpoint passes its checks' : 'endpoint fails its checks';
    if (speaks) this.#log(message, name, detail);
    this.#listener.onHealthChanged();
  }

  /** Of several definitions of the cluster that share a check, one counts and logs. */
  #speaksFor(part: 'group' | 'detector'): boolean {
    return this.#registry.isFirst(this, part);
  }

  #log(message: string, endpoint: string, why: string): void {
    const { kind, namespace, name, section } = this.cluster.origin;
    const backend = `${kind} ${namespace}/${name}${section === undefined ? '' : `:${section}`}`;
    this.#registry.logger.info(message, { backend, endpoint, ...(why === '' ? {} : { why }) });
  }
}
