/** One endpoint of a cluster, with what is known of it at run time. It outlives configurations for as long as it is listed. */
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
  /** Since when it takes requests: see slow-start.ts. */
  rampFromMs = -Infinity;
  /** Exchanges that have been given to it and are not over. */
  active = 0;
  /** No longer listed, or its cluster is not: it gets nothing new. */
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

  /** No connection to it could be made. */
  connectFailed(): void {
    this.reachability.failed();
    this.health.failed();
  }

  /** Ever. */
  get connectFailures(): number {
    return this.reachability.failures;
  }

  /** What it has finishes; nothing new comes. */
  retire(): void {
    this.isGone = true;
    this.pool.retire();
  }
}

/** `address:port`, IPv6 bracketed. */
export function endpointName({ address, port }: Pick<Endpoint, 'address' | 'port'>): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
