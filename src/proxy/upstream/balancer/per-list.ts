/**
 * State of a balancer for a list of endpoints. Two lists are in use if a policy keeps only a share of the requests
 * local (`preferLocal.percent`): all endpoints, and the near ones.
 */
import type { UpstreamEndpoint } from '../endpoint.ts';

type Endpoints = readonly UpstreamEndpoint[];

export class PerList<State> {
  /** `last`: the state of an unused list, for reuse; null for the first two. */
  readonly #create: (last: State | null) => State;
  #endpoints: Endpoints | null = null;
  #state: State | null = null;
  #otherEndpoints: Endpoints | null = null;
  #otherState: State | null = null;

  constructor(create: (last: State | null) => State) {
    this.#create = create;
  }

  of(endpoints: Endpoints): State {
    if (endpoints === this.#endpoints && this.#state !== null) return this.#state;
    return this.#turnTo(endpoints);
  }

  #turnTo(endpoints: Endpoints): State {
    const [known, state] = [this.#otherEndpoints, this.#otherState];
    this.#otherEndpoints = this.#endpoints;
    this.#otherState = this.#state;
    this.#endpoints = endpoints;
    this.#state = state !== null && known === endpoints ? state : this.#create(state);
    return this.#state;
  }
}
