import type { UpstreamEndpoint } from '../endpoint.ts';
import type { Balancer } from './balancer.ts';
import { randomIndex } from './random-index.ts';

/** One after the other. Each worker starts somewhere else, so that few requests over many workers still spread. */
export class RoundRobin implements Balancer {
  #next = randomIndex(65_536);

  pick(endpoints: readonly UpstreamEndpoint[], avoid: UpstreamEndpoint | null): UpstreamEndpoint {
    const chosen = this.#take(endpoints);
    return chosen === avoid ? this.#take(endpoints) : chosen;
  }

  #take(endpoints: readonly UpstreamEndpoint[]): UpstreamEndpoint {
    this.#next = (this.#next + 1) % endpoints.length;
    return endpoints[this.#next] as UpstreamEndpoint;
  }
}
