/** One endpoint of a cluster, with what is known of it at run time. It outlives configurations for as long as it is listed. */
import { createHash } from 'node:crypto';
import type { Endpoint } from '../../ir/cluster.ts';
import type { ClusterId } from '../../ir/ids.ts';
import type { EndpointHealth } from './health/endpoint-health.ts';
import type { Dial, EndpointPool } from './upstream-pool.ts';

/** 96 bits are enough to tell endpoints apart, and too little to learn anything from. */
const TOKEN_BYTES = 12;

export interface UpstreamEndpointParts {
  readonly dial: Dial;
  readonly pool: EndpointPool;
  readonly health: EndpointHealth;
}

export class UpstreamEndpoint {
  readonly address: string;
  readonly port: number;
  /** `address:port`, IPv6 bracketed. */
  readonly name: string;
  /** For connections of their own, outside the pool (layer 4). */
  readonly dial: Dial;
  readonly pool: EndpointPool;
  readonly health: EndpointHealth;
  state: Endpoint['state'];
  zone: string | null;
  hints: Endpoint['hints'] | undefined;
  /** Since when it takes requests: see slow-start.ts. */
  rampFromMs = -Infinity;
  /** Exchanges that have been given to it and are not over. */
  active = 0;
  connectFailures = 0;
  /** No longer listed, or its cluster is not: it gets nothing new. */
  isGone = false;
  readonly #cluster: ClusterId;
  #token = '';

  constructor(cluster: ClusterId, endpoint: Endpoint, { dial, pool, health }: UpstreamEndpointParts) {
    this.#cluster = cluster;
    this.address = endpoint.address;
    this.port = endpoint.port;
    this.name = endpointName(endpoint);
    this.dial = dial;
    this.pool = pool;
    this.health = health;
    this.state = endpoint.state;
    this.zone = endpoint.zone;
    this.hints = endpoint.hints;
  }

  /** No connection to it could be made. */
  connectFailed(): void {
    this.connectFailures++;
    this.health.failed();
  }

  /** What it has finishes; nothing new comes. */
  retire(): void {
    this.isGone = true;
    this.pool.retire();
  }

  /** Names the endpoint and its cluster to sessions: the same in every worker, and opaque to the client. */
  get token(): string {
    if (this.#token === '') {
      const digest = createHash('sha256').update(`${this.#cluster} ${this.name}`).digest();
      this.#token = digest.subarray(0, TOKEN_BYTES).toString('base64url');
    }
    return this.#token;
  }
}

/** `address:port`, IPv6 bracketed. */
export function endpointName({ address, port }: Pick<Endpoint, 'address' | 'port'>): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
