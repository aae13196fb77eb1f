/**
 * A cluster at run time. It survives configuration updates. Of thousands of clusters, most never get a request: the serving state is
 * created by the first request, unless health checks need it earlier.
 */
import type { Cluster, Endpoint } from '../../ir/cluster.ts';
import type { ClusterPolicy, HashSource } from '../../ir/policy.ts';
import type { ReasonCode } from '../../ir/reason.ts';
import type { Certificate } from '../../ir/tls.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import type { UpstreamEndpoint } from './endpoint.ts';
import type { SessionTokens } from './session-tokens.ts';
import type { HealthRegistry } from './health/health-registry.ts';
import type { Locality } from './locality.ts';
import type { RetryBudget } from './retry-budget.ts';
import { ServingCluster } from './serving-cluster.ts';
import type { UpstreamProtocol } from './upstream-pool.ts';

/** State that all clusters of a proxy share. */
export interface UpstreamClusterDeps {
  readonly protocolOf: (cluster: Cluster) => UpstreamProtocol;
  readonly health: HealthRegistry;
  readonly locality: Locality;
}

export class UpstreamCluster {
  readonly config: Cluster;
  /** Mirrored copies in flight. */
  mirrored = 0;
  readonly #clientCertificate: Certificate | null;
  readonly #deps: UpstreamClusterDeps;
  #listed: readonly Endpoint[] = [];
  #serving: ServingCluster | null = null;
  #isRetired = false;

  /** `clientCertificate`: the one that the cluster's TLS settings refer to; null = none. */
  constructor(config: Cluster, clientCertificate: Certificate | null, deps: UpstreamClusterDeps) {
    this.config = config;
    this.#clientCertificate = clientCertificate;
    this.#deps = deps;
    if (isWatched(config.policy) || config.policy.slowStartMs > 0) this.wake();
  }

  /** The serving state; created if there is none. */
  wake(): ServingCluster {
    if (this.#serving !== null) return this.#serving;
    const { protocolOf, health, locality } = this.#deps;
    const serving = new ServingCluster(this.config, {
      protocol: protocolOf(this.config),
      clientCertificate: this.#clientCertificate,
      health,
      locality,
    });
    serving.setEndpoints(this.#listed);
    if (this.#isRetired) serving.retire();
    this.#serving = serving;
    return serving;
  }

  /** The serving state; null before the first request. */
  get serving(): ServingCluster | null {
    return this.#serving;
  }

  /** As they were last listed. */
  get listed(): readonly Endpoint[] {
    return this.#listed;
  }

  setEndpoints(endpoints: readonly Endpoint[]): void {
    this.#listed = endpoints;
    this.#serving?.setEndpoints(endpoints);
  }

  /** The cluster is no longer configured: exchanges in flight finish. */
  retire(): void {
    this.#isRetired = true;
    this.#serving?.retire();
  }

  destroy(): void {
    this.#serving?.destroy();
  }

  // --- of `ServingCluster` ---

  get protocol(): UpstreamProtocol {
    return (this.#serving ?? this.wake()).protocol;
  }

  get hashSource(): HashSource | null {
    return (this.#serving ?? this.wake()).hashSource;
  }

  get breaker(): CircuitBreaker {
    return (this.#serving ?? this.wake()).breaker;
  }

  get retryBudget(): RetryBudget | null {
    return (this.#serving ?? this.wake()).retryBudget;
  }

  get reasonForNone(): ReasonCode {
    return (this.#serving ?? this.wake()).reasonForNone;
  }

  get endpoints(): Iterable<UpstreamEndpoint> {
    return (this.#serving ?? this.wake()).endpoints;
  }

  enter(nowMs: number): boolean {
    return (this.#serving ?? this.wake()).enter(nowMs);
  }

  leave(): void {
    (this.#serving ?? this.wake()).leave();
  }

  pick(tried: readonly UpstreamEndpoint[], key: number): UpstreamEndpoint | null {
    return (this.#serving ?? this.wake()).pick(tried, key);
  }

  findForSession(name: string, tokens: SessionTokens): UpstreamEndpoint | null {
    return (this.#serving ?? this.wake()).findForSession(name, tokens);
  }
}

/** Whether the health of endpoints is tracked. */
export const isWatched = ({ activeCheck, passiveCheck }: ClusterPolicy): boolean =>
  activeCheck !== null || passiveCheck !== null;
