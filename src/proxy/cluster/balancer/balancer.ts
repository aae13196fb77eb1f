/** How a cluster chooses among its endpoints. */
import type { LoadBalancing } from '../../../ir/policy.ts';
import type { UpstreamEndpoint } from '../endpoint.ts';
import { LeastRequest } from './least-request.ts';
import { RandomChoice } from './random.ts';
import { RoundRobin } from './round-robin.ts';

export interface Balancer {
  /**
   * One of `endpoints`, which is not empty. `avoid`: the endpoint that the try before went to; it is chosen only if it is the
   * only one.
   */
  pick(endpoints: readonly UpstreamEndpoint[], avoid: UpstreamEndpoint | null): UpstreamEndpoint;
}

export function createBalancer(loadBalancing: LoadBalancing): Balancer {
  switch (loadBalancing.kind) {
    case 'round-robin':
      return new RoundRobin();
    case 'random':
      return new RandomChoice();
    case 'least-request':
    case 'consistent-hash':
      return new LeastRequest();
  }
}
