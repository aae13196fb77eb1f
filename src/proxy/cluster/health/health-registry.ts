/**
 * Health of the endpoints of all clusters. It is kept by what is watched and how, not by cluster object: a cluster that is defined anew, or
 * twice, finds what is known already.
 */
import type { Cluster } from '../../../ir/cluster.ts';
import type { ClusterId } from '../../../ir/ids.ts';
import type { TimerWheel } from '../../timer-wheel.ts';
import { EndpointHealth, UNWATCHED } from './endpoint-health.ts';
import { OutlierDetector, type OutlierHost } from './outlier-detector.ts';
import type { EjectionCause } from './outlier.ts';

/** The cluster that is told of changes. */
export interface HealthListener {
  /** Which endpoints are good has changed. */
  onHealthChanged(): void;
  canEject(name: string, maxEjectionPercent: number): boolean;
}

export class HealthRegistry {
  readonly wheel: TimerWheel;
  /** By cluster id and definition. */
  readonly #detectors = new Map<string, OutlierDetector>();

  constructor(wheel: TimerWheel) {
    this.wheel = wheel;
  }

  /** To be closed when the cluster is not configured any more. */
  open({ id, policy }: Cluster, listener: HealthListener): ClusterHealth {
    return new ClusterHealth(this, this.#detectorOf(id, policy.passiveCheck), listener);
  }

  #detectorOf(id: ClusterId, policy: Cluster['policy']['passiveCheck']): OutlierDetector | null {
    if (policy === null) return null;
    const key = `${id} ${JSON.stringify(policy)}`;
    const known = this.#detectors.get(key);
    if (known !== undefined) return known;
    const detector = new OutlierDetector(key, policy, this.wheel);
    this.#detectors.set(key, detector);
    return detector;
  }

  /** No cluster has the detector any more. */
  forget({ key }: OutlierDetector): void {
    this.#detectors.delete(key);
  }
}

/** What one cluster knows of the health of its endpoints. */
export class ClusterHealth implements OutlierHost {
  readonly #registry: HealthRegistry;
  readonly #detector: OutlierDetector | null;
  readonly #listener: HealthListener;
  readonly #watched = new Map<string, EndpointHealth>();
  #isClosed = false;
  readonly ejections: Record<EjectionCause, number> = {
    consecutive_5xx: 0,
    gateway_errors: 0,
    success_rate: 0,
  };

  constructor(registry: HealthRegistry, detector: OutlierDetector | null, listener: HealthListener) {
    this.#registry = registry;
    this.#detector = detector;
    this.#listener = listener;
    detector?.hosts.add(this);
  }

  /** `name`: of an endpoint that the cluster lists from here on. */
  watch(name: string): EndpointHealth {
    if (this.#detector === null) return UNWATCHED;
    const health = new EndpointHealth(this.#detector.take(name));
    this.#watched.set(name, health);
    return health;
  }

  /** The cluster lists it no longer. */
  unwatch(name: string): void {
    const health = this.#watched.get(name);
    if (health === undefined) return;
    this.#watched.delete(name);
    if (health.outlier !== null) this.#detector?.release(health.outlier);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const name of [...this.#watched.keys()]) this.unwatch(name);
    const detector = this.#detector;
    if (detector === null) return;
    detector.hosts.delete(this);
    if (detector.hosts.size === 0) this.#registry.forget(detector);
  }

  canEject(name: string, maxEjectionPercent: number): boolean {
    return !this.#watched.has(name) || this.#listener.canEject(name, maxEjectionPercent);
  }
  onEjected(_name: string, cause: EjectionCause): void {
    this.ejections[cause]++;
    this.#listener.onHealthChanged();
  }
  onReadmitted(): void {
    this.#listener.onHealthChanged();
  }
}
