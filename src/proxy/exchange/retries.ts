/** The retries of one exchange. Created when an attempt fails, so that other exchanges cost nothing. */
import type { ReasonCode } from '../../ir/reason.ts';
import type { UpstreamCluster } from '../upstream/cluster.ts';
import type { UpstreamEndpoint } from '../upstream/endpoint.ts';
import type { Exchange } from './exchange.ts';
import { decideRetry, type Failure, type RetryDecision } from './retry.ts';

/** `tried` of the first attempt. */
export const NOT_TRIED: readonly UpstreamEndpoint[] = [];

export class Retries {
  /** Where attempts have failed, in order. */
  readonly tried: UpstreamEndpoint[] = [];
  /** Why there is no further attempt, if the reason is not the failure itself: the budget or a limit. */
  refusal: ReasonCode | null = null;
  readonly #facts: Exchange;
  readonly #cluster: UpstreamCluster;
  /** Dead connections replaced. */
  #replaced = 0;
  /** Counted as an active retry of the cluster. */
  #isAdmitted = false;

  constructor(facts: Exchange, cluster: UpstreamCluster) {
    this.#facts = facts;
    this.#cluster = cluster;
  }

  /** Decides what follows a failed attempt, and counts the next one; null = none follows. */
  next(failure: Failure, canReplay: boolean, remainingMs: number): RetryDecision | null {
    const { method, retries, requests, endpoint } = this.#facts;
    const state = { method, retries, replaced: this.#replaced, canReplay, remainingMs };
    const decision = decideRetry(requests?.retry ?? null, failure, state, Math.random());
    if (decision === null || (!decision.isFree && !this.#isAffordable())) return null;
    if (endpoint !== null) this.tried.push(endpoint);
    if (decision.reason === 'dead') this.#replaced++;
    else this.#facts.retries++;
    return decision;
  }

  #isAffordable(): boolean {
    const { breaker, retryBudget } = this.#cluster;
    this.refusal = null;
    if (!this.#isAdmitted && !breaker.admit('retries')) this.refusal = 'overflow';
    else {
      this.#isAdmitted = true;
      if (retryBudget?.take(this.#facts.context.wheel.now()) === false) this.refusal = 'retry_budget';
    }
    return this.refusal === null;
  }

  /** The exchange is over. */
  end(): void {
    if (this.#isAdmitted) this.#cluster.breaker.retries--;
  }
}
