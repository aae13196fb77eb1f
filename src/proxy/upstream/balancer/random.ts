import type { UpstreamEndpoint } from '../endpoint.ts';
import type { Balancer } from './balancer.ts';
import { randomIndex, weightedIndex } from './random-index.ts';

/** A random endpoint, by weight. */
export class RandomChoice implements Balancer {
  pick(endpoints: readonly UpstreamEndpoint[], _key: number, weights: Float64Array | null): UpstreamEndpoint {
    if (weights === null) return this.pickAmong(endpoints);
    return endpoints[weightedIndex(weights, endpoints.length)] as UpstreamEndpoint;
  }

  pickAmong(endpoints: readonly UpstreamEndpoint[]): UpstreamEndpoint {
    return endpoints[randomIndex(endpoints.length)] as UpstreamEndpoint;
  }
}
