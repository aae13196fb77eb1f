import type { UpstreamEndpoint } from '../endpoint.ts';
import type { Balancer } from './balancer.ts';
import { PerList } from './per-list.ts';
import { randomIndex } from './random-index.ts';

/**
 * One after the other. Each worker starts at a random endpoint, so that few requests over many workers are still distributed. An endpoint of less
 * weight is skipped until its accumulated credit reaches one.
 */
export class RoundRobin implements Balancer {
  readonly #turns = new PerList<Turn>(() => ({ next: randomIndex(65_536) }));
  /** Credit of each endpoint with a lower weight. */
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

  /** A retry does not advance the rotation, which would distort it for other requests. */
  pickAmong(endpoints: readonly UpstreamEndpoint[]): UpstreamEndpoint {
    return endpoints[randomIndex(endpoints.length)] as UpstreamEndpoint;
  }
}

/** Where the rotation is in a list. */
interface Turn {
  next: number;
}
