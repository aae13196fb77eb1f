/** The serving state of a cluster, from its first request on: its endpoints with their connections, and load balancing. */
import type { Cluster, Endpoint } from '../../ir/cluster.ts';
import type { Certificate } from '../../ir/tls.ts';
import type { ReasonCode } from '../../ir/reason.ts';
import type { HashSource } from '../../ir/policy.ts';
import { createBalancer, type Balancer } from './balancer/balancer.ts';
import { CircuitBreaker } from './circuit-breaker.ts';
import { createDial } from './connector.ts';
import { UpstreamEndpoint, endpointName } from './endpoint.ts';
import type { SessionTokens } from './session-tokens.ts';
import { canEject, selectEligible } from './health/eligibility.ts';
import type { ClusterHealth, HealthListener } from './health/cluster-health.ts';
import type { HealthRegistry } from './health/health-registry.ts';
import { LocalShare, nearest, type Locality } from './locality.ts';
import { Reachability } from './reachability.ts';
import { PoolPerClient } from './pool-per-client.ts';
import { RetryBudget } from './retry-budget.ts';
import { SlowStart } from './slow-start.ts';
import type { TimerWheel } from '../net/timer-wheel.ts';
import type { Dial, EndpointPool, UpstreamProtocol } from './upstream-pool.ts';
import { UpstreamTlsClient } from './upstream-tls.ts';

export interface ServingClusterDeps {
  readonly protocol: UpstreamProtocol;
  /** The one that the cluster's TLS settings refer to; null = none. */
  readonly clientCertificate: Certificate | null;
  readonly health: HealthRegistry;
  readonly locality: Locality;
}

export class ServingCluster implements HealthListener {
  readonly config: Cluster;
  readonly protocol: UpstreamProtocol;
  /** The source of the hash key for `pick`; null if the balancer uses none. */
  readonly hashSource: HashSource | null;
  readonly breaker: CircuitBreaker;
  /** null = unlimited. */
  readonly retryBudget: RetryBudget | null;
  readonly #balancer: Balancer;
  readonly #tls: UpstreamTlsClient | null;
  #endpoints = new Map<string, UpstreamEndpoint>();
  #bySessionName: ReadonlyMap<string, UpstreamEndpoint> | null = null;
  /** Endpoints that may get new requests: see health/eligibility.ts. */
  #eligible: readonly UpstreamEndpoint[] = [];
  /** Endpoints that get requests now. */
  #nearest: readonly UpstreamEndpoint[] = [];
  readonly #locality: Locality;
  /** null: all requests stay local if possible. */
  readonly #share: LocalShare | null;
  readonly #slowStart: SlowStart;
  readonly #wheel: TimerWheel;
  /** Health has changed since the eligible endpoints were selected. */
  #isStale = false;
  /** It is no longer configured, so it gets no further updates. */
  #isRetired = false;
  #isPanicking = false;
  readonly health: ClusterHealth;

  constructor(config: Cluster, { protocol, clientCertificate, health, locality }: ServingClusterDeps) {
    this.config = config;
    this.protocol = protocol;
    const { loadBalancing, circuitBreaker, retryBudget, slowStartMs, preferLocal } = config.policy;
    this.#locality = locality;
    const percent = preferLocal?.percent ?? 100;
    this.#share = percent < 100 ? new LocalShare(percent) : null;
    this.#wheel = health.wheel;
    this.#slowStart = new SlowStart(slowStartMs);
    this.breaker = new CircuitBreaker(circuitBreaker);
    this.retryBudget = retryBudget === null ? null : new RetryBudget(retryBudget);
    this.#balancer = createBalancer(loadBalancing);
    this.hashSource = loadBalancing.kind === 'consistent-hash' ? loadBalancing.source : null;
    const alpn = config.protocol === 'h2' ? ['h2'] : [];
    const settings = config.tls;
    this.#tls = settings === null ? null : new UpstreamTlsClient({ settings, clientCertificate, alpn });
    this.health = health.open(config, clientCertificate, this);
  }

  /** Remaining endpoints keep their connections and state; removed ones finish their requests. */
  setEndpoints(endpoints: readonly Endpoint[]): void {
    const kept = new Map<string, UpstreamEndpoint>();
    for (const endpoint of endpoints) {
      const name = endpointName(endpoint);
      const known = this.#endpoints.get(name) ?? this.#create(endpoint);
      known.state = endpoint.state;
      known.zone = endpoint.zone;
      known.hints = endpoint.hints;
      kept.set(name, known);
    }
    for (const [name, endpoint] of this.#endpoints) {
      if (kept.has(name)) continue;
      endpoint.retire();
      this.health.unwatch(name);
    }
    this.#endpoints = kept;
    this.#bySessionName = null;
    this.#selectEligible();
  }

  #selectEligible(): void {
    this.#isStale = false;
    const all = [...this.#endpoints.values()];
    const { panicThresholdPercent, preferLocal } = this.config.policy;
    const { eligible, isPanicking } = selectEligible(all, panicThresholdPercent);
    this.#slowStart.noteChange(this.#eligible, eligible, this.#wheel.now());
    this.#eligible = eligible;
    this.#nearest = nearest(eligible, this.#locality, preferLocal?.minEndpoints ?? null);
    this.#isPanicking = isPanicking;
  }

  /** The next request selects again: many endpoints may change at once. */
  onHealthChanged(): void {
    this.#isStale = true;
  }

  canEject(name: string, maxEjectionPercent: number): boolean {
    return canEject([...this.#endpoints.values()], name, maxEjectionPercent);
  }

  /** The reason if `pick` returns null. */
  get reasonForNone(): ReasonCode {
    return this.#endpoints.size > 0 ? 'no_healthy_endpoints' : 'no_endpoints';
  }

  /** Too few endpoints are healthy: requests go to all. */
  get isPanicking(): boolean {
    if (this.#isStale || this.#isRetired) this.#selectEligible();
    return this.#isPanicking;
  }

  #create(endpoint: Endpoint): UpstreamEndpoint {
    const { connection, proxyProtocol } = this.config.policy;
    const reachability = new Reachability(this.#wheel);
    const dial = createDial(endpoint, connection, this.#tls, reachability);
    const createPool = (to: Dial): EndpointPool => this.protocol.createPool(to, this.breaker);
    return new UpstreamEndpoint(this.config.id, endpoint, {
      dial,
      pool:
        proxyProtocol === null
          ? createPool(dial)
          : new PoolPerClient({ version: proxyProtocol, dial, createPool }),
      health: this.health.watch(endpoint),
      reachability,
    });
  }

  /** Counts a request until `leave`; false if the circuit breaker refuses it. */
  enter(nowMs: number): boolean {
    if (!this.breaker.admit('requests')) return false;
    this.retryBudget?.countRequest(nowMs);
    return true;
  }

  leave(): void {
    this.breaker.requests--;
  }

  /**
   * An endpoint for an attempt; null if there is none. `tried`: endpoints of earlier attempts, the last one last: those are selected
   * only if there is no other, then in rounds, and the last one only if it is alone. `key`: hash of the request's `hashSource`, or `NO_KEY`.
   */
  pick(tried: readonly UpstreamEndpoint[], key: number): UpstreamEndpoint | null {
    if (this.#isStale || this.#isRetired) this.#selectEligible();
    const endpoints = this.#share === null || this.#share.isLocal(key) ? this.#nearest : this.#eligible;
    if (endpoints.length === 0) return null;
    if (tried.length > 0) return this.#balancer.pickAmong(this.#othersThan(tried), key);
    return this.#balancer.pick(endpoints, key, this.#slowStart.weightsOf(endpoints, this.#wheel.now()));
  }

  /** For a retry: near endpoints first, then far ones, then those already attempted. */
  #othersThan(tried: readonly UpstreamEndpoint[]): readonly UpstreamEndpoint[] {
    const isUntried = (endpoint: UpstreamEndpoint): boolean => !tried.includes(endpoint);
    const near = this.#nearest.filter(isUntried);
    if (near.length > 0) return near;
    const untried = this.#eligible.filter(isUntried);
    if (untried.length > 0) return untried;
    const notLast = this.#nearest.filter((endpoint) => endpoint !== tried.at(-1));
    return notLast.length > 0 ? fewestTries(notLast, tried) : this.#nearest;
  }

  /**
   * The endpoint that a session names, if it is still listed and not known to be bad: draining ones keep their sessions.
   */
  findForSession(name: string, tokens: SessionTokens): UpstreamEndpoint | null {
    this.#bySessionName ??= new Map(
      [...this.#endpoints.values()].map((endpoint) => [tokens.nameOf(endpoint), endpoint]),
    );
    const endpoint = this.#bySessionName.get(name);
    return endpoint !== undefined && (endpoint.health.isGood || this.isPanicking) ? endpoint : null;
  }

  get endpoints(): Iterable<UpstreamEndpoint> {
    return this.#endpoints.values();
  }

  /** The cluster is no longer configured: exchanges in flight finish. */
  retire(): void {
    this.#isRetired = true;
    for (const endpoint of this.#endpoints.values()) endpoint.retire();
    this.health.close();
  }

  destroy(): void {
    for (const endpoint of this.#endpoints.values()) endpoint.pool.destroy();
    this.health.close();
  }
}

/** Endpoints with the fewest attempts of this request. */
function fewestTries(
  endpoints: readonly UpstreamEndpoint[],
  tried: readonly UpstreamEndpoint[],
): readonly UpstreamEndpoint[] {
  const tries = endpoints.map((endpoint) => tried.filter((other) => other === endpoint).length);
  const fewest = Math.min(...tries);
  return endpoints.filter((_, index) => tries[index] === fewest);
}
