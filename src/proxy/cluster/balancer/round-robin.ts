import type { UpstreamEndpoint } from '../endpoint.ts';
import type { Balancer } from './balancer.ts';
import { randomIndex } from './random-index.ts';

/**
 * One after the other. Each worker starts somewhere else, so that few requests over many workers still spread. An endpoint of less
 * weight is passed over until the parts of a turn that it has missed add up to one.
 */
export class RoundRobin implements Balancer {
  #next = randomIndex(65_536);
  /** What is left of the turns of each endpoint that weighs less than the others. */
  readonly #credits = new WeakMap<UpstreamEndpoint, number>();

  pick(endpoints: readonly UpstreamEndpoint[], _key: number, weights: Float64Array | null): UpstreamEndpoint {
    if (weights === null) return this.pickAmong(endpoints);
    // Ends: in each round the credit of every endpoint grows.
    for (;;) {
      const endpoint = this.pickAmong(endpoints);
      const credit = (this.#credits.get(endpoint) ?? 0) + (weights[this.#next] as number);
      this.#credits.set(endpoint, credit >= 1 ? credit - 1 : credit);
      if (credit >= 1) return endpoint;
    }
  }

  pickAmong(endpoints: readonly UpstreamEndpoint[]): UpstreamEndpoint {
    this.#next = (this.#next + 1) % endpoints.length;
    return endpoints[this.#next] as UpstreamEndpoint;
  }
}
