import type { UpstreamEndpoint } from '../endpoint.ts';
import type { Balancer } from './balancer.ts';
import { randomIndex, weightedIndex } from './random-index.ts';

/**
 * Of two endpoints drawn at random, the one with fewer exchanges in flight ("power of two choices"): nearly as even as comparing all,
 * without all workers selecting the same one.
 */
export class LeastRequest implements Balancer {
  pick(endpoints: readonly UpstreamEndpoint[], _key: number, weights: Float64Array | null): UpstreamEndpoint {
    if (weights === null) return this.pickAmong(endpoints);
    const a = endpoints[weightedIndex(weights, endpoints.length)] as UpstreamEndpoint;
    const b = endpoints[weightedIndex(weights, endpoints.length)] as UpstreamEndpoint;
    return b.active < a.active ? b : a;
  }

  pickAmong(endpoints: readonly UpstreamEndpoint[]): UpstreamEndpoint {
    const { length } = endpoints;
    if (length === 1) return endpoints[0] as UpstreamEndpoint;
    const first = randomIndex(length);
    const second = (first + 1 + randomIndex(length - 1)) % length;
    const a = endpoints[first] as UpstreamEndpoint;
    const b = endpoints[second] as UpstreamEndpoint;
    return b.active < a.active ? b : a;
  }
}
