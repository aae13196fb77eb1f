import type { UpstreamEndpoint } from '../endpoint.ts';
import type { Balancer } from './balancer.ts';
import { randomIndex } from './random-index.ts';

/** Any endpoint, all equally likely. */
export class RandomChoice implements Balancer {
  pick(endpoints: readonly UpstreamEndpoint[], avoid: UpstreamEndpoint | null): UpstreamEndpoint {
    const index = randomIndex(endpoints.length);
    const chosen = endpoints[index] as UpstreamEndpoint;
    if (chosen !== avoid) return chosen;
    return endpoints[(index + 1) % endpoints.length] as UpstreamEndpoint;
  }
}
