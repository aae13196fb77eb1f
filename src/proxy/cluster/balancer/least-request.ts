import type { UpstreamEndpoint } from '../endpoint.ts';
import type { Balancer } from './balancer.ts';
import { randomIndex } from './random-index.ts';

/**
 * Of two endpoints drawn at random, the one with fewer exchanges in flight ("power of two choices"): nearly as even as asking all,
 * without every worker running to the same one.
 */
export class LeastRequest implements Balancer {
  pick(endpoints: readonly UpstreamEndpoint[], avoid: UpstreamEndpoint | null): UpstreamEndpoint {
    const { length } = endpoints;
    if (length === 1) return endpoints[0] as UpstreamEndpoint;
    const first = randomIndex(length);
    const second = (first + 1 + randomIndex(length - 1)) % length;
    const a = endpoints[first] as UpstreamEndpoint;
    const b = endpoints[second] as UpstreamEndpoint;
    if (a === avoid) return b;
    if (b === avoid) return a;
    return b.active < a.active ? b : a;
  }
}
