/** Load balancing: selects an endpoint of a cluster. */
import type { LoadBalancing } from '../../../ir/policy.ts';
import type { UpstreamEndpoint } from '../endpoint.ts';
import { ConsistentHash } from './consistent-hash.ts';
import { LeastRequest } from './least-request.ts';
import { RandomChoice } from './random.ts';
import { RoundRobin } from './round-robin.ts';

/** There is no key. */
export const NO_KEY = -1;

export interface Balancer {
  /**
   * One of `endpoints`, which is not empty: all that take new work, the same array for as long as they are the same. `key`: hash of
   * what the request is to be told by, in `[0, 2^32)`, or `NO_KEY`. `weights`: by index, each in `(0, 1]`; null = all 1.
   */
  pick(endpoints: readonly UpstreamEndpoint[], key: number, weights: Float64Array | null): UpstreamEndpoint;
  /** The same for a retry: `endpoints` are some of them, in a new array. */
  pickAmong(endpoints: readonly UpstreamEndpoint[], key: number): UpstreamEndpoint;
}

export function createBalancer(loadBalancing: LoadBalancing): Balancer {
  switch (loadBalancing.kind) {
    case 'round-robin':
      return new RoundRobin();
    case 'random':
      return new RandomChoice();
    case 'least-request':
      return new LeastRequest();
    case 'consistent-hash':
      return new ConsistentHash(loadBalancing.tableSize);
  }
}
