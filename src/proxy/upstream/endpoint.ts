/** One endpoint of a cluster, with its run-time state. It survives updates as long as it is listed. */
import type { Endpoint } from '../../ir/cluster.ts';
import type { ClusterId } from '../../ir/ids.ts';
import type { EndpointHealth } from './health/endpoint-health.ts';
import type { Reachability } from './reachability.ts';
import type { Dial, EndpointPool } from './upstream-pool.ts';

export interface UpstreamEndpointParts {
  readonly dial: Dial;
  readonly pool: EndpointPool;
  readonly health: EndpointHealth;
  readonly reachability: Reachability;
}

export class UpstreamEndpoint {
  readonly cluster: ClusterId;
  readonly address: string;
  readonly port: number;
  /** `address:port`, IPv6 bracketed. */
  readonly name: string;
  /** For connections of their own, outside the pool (layer 4). */
  readonly dial: Dial;
  readonly pool: EndpointPool;
  readonly health: EndpointHealth;
  readonly reachability: Reachability;
  state: Endpoint['state'];
  zone: string | null;
  hints: Endpoint['hints'] | undefined;
  /** Since when it gets requests: see slow-start.ts. */
  rampFromMs = -Infinity;
  /** Exchanges in flight. */
  active = 0;
  /** It or its cluster is no longer listed: it gets no new requests. */
  isGone = false;

  constructor(
    cluster: ClusterId,
    endpoint: Endpoint,
    { dial, pool, health, reachability }: UpstreamEndpointParts,
  ) {
    this.cluster = cluster;
    this.address = endpoint.address;
    this.port = endpoint.port;
    this.name = endpointName(endpoint);
    this.dial = dial;
    this.pool = pool;
    this.health = health;
    this.reachability = reachability;
    this.state = endpoint.state;
    this.zone = endpoint.zone;
    this.hints = endpoint.hints;
  }

  /** A connection attempt failed. */
  connectFailed(): void {
    this.reachability.failed();
    this.health.failed();
  }

  /** Ever. */
  get connectFailures(): number {
    return this.reachability.failures;
  }

  /** Existing exchanges finish; it gets no new ones. */
  retire(): void {
    this.isGone = true;
    this.pool.retire();
  }
}

/** `address:port`, IPv6 bracketed. */
export function endpointName({ address, port }: Pick<Endpoint, 'address' | 'port'>): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
