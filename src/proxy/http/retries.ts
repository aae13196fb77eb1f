/** The tries of one exchange after its first. Made when a try fails, so that exchanges without failures carry nothing. */
import type { UpstreamEndpoint } from '../cluster/endpoint.ts';
import type { ExchangeFacts } from './exchange-facts.ts';
import { decideRetry, type Failure, type RetryDecision } from './retry.ts';

export class Retries {
  /** Where tries have failed, in order. */
  readonly tried: UpstreamEndpoint[] = [];
  readonly #facts: ExchangeFacts;
  /** Dead connections replaced. */
  #replaced = 0;

  constructor(facts: ExchangeFacts) {
    this.#facts = facts;
  }

  /** Judges the try that has just failed; a try that is to follow is counted. null = there is to be none. */
  next(failure: Failure, canReplay: boolean): RetryDecision | null {
    const { method, retries, requests, endpoint } = this.#facts;
    const state = { method, retries, replaced: this.#replaced, canReplay };
    const decision = decideRetry(requests?.retry ?? null, failure, state, Math.random());
    if (decision === null) return null;
    if (endpoint !== null) this.tried.push(endpoint);
    if (decision.isReplacement) this.#replaced++;
    else this.#facts.retries++;
    return decision;
  }
}
