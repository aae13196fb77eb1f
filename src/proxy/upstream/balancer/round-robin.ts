import type { UpstreamEndpoint } from '../endpoint.ts';
import type { Balancer } from './balancer.ts';
import { PerList } from './per-list.ts';
import { randomIndex } from './random-index.ts';

/**
 * One after the other. Each worker starts somewhere else, so that few requests over many workers still spread. An endpoint of less
 * weight is passed over until the parts of a turn that it has missed add up to one.
 */
export class RoundRobin implements Balancer {
  readonly #turns = new PerList<Turn>(() => ({ next: randomIndex(65_536) }));
  /** What is left of the turns of each endpoint that weighs less than the others. */
  readonly #credits = new WeakMap<UpstreamEndpoint, number>();

  pick(endpoints: readonly UpstreamEndpoint[], _key: number, weights: Float64Array | null): UpstreamEndpoint {
    const turn = this.#turns.of(endpoints);
    // Ends: in each round the credit of every endpoint grows.
    for (;;) {
      turn.next = (turn.next + 1) % endpoints.length;
      const endpoint = endpoints[turn.next] as UpstreamEndpoint;
      if (weights === null) return endpoint;
      const credit = (this.#credits.get(endpoint) ?? 0) + (weights[turn.next] as number);
      this.#credits.set(endpoint, credit >= 1 ? credit - 1 : credit);
      if (credit >= 1) return endpoint;
    }
  }

  /** A retry is no part of the rotation: it would bend the turns of all other requests. */
  pickAmong(endpoints: readonly UpstreamEndpoint[]): UpstreamEndpoint {
    return endpoints[randomIndex(endpoints.length)] as UpstreamEndpoint;
  }
}

/** Where the rotation is in a list. */
interface Turn {
  next: number;
}
