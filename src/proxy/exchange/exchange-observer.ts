/**
 * Events of an exchange. The access log and the request metrics are observers. Traces, metrics per filter and a live
 * tail of requests can be added without another change to the exchange.
 *
 * ```
 *   requestStarted ─> filterRan* ─> ( attemptStarted ─> attemptEnded )* ─> filterRan* ─> requestFinished
 * ```
 *
 * Every exchange has exactly one `requestStarted` and one `requestFinished`. A request to which the gateway itself responds may have no
 * attempt. Events are calls within the handling of a request: an observer must be quick, and must not throw.
 *
 * An event passes the exchange itself, so that no event allocates. An observer reads it, with two exceptions, both in `requestStarted`: it
 * may set `traceparent`, and it may add to `exchange.startRun().requestEdits`, which apply to the request that is sent to the backend. An
 * observer that keeps state for each exchange keys it by the exchange.
 */
import type { RequestHead } from '../message/head.ts';
import type { CompiledRule } from './compiled-rule.ts';
import type { Exchange } from './exchange.ts';
import type { UpstreamResponse } from './filter-run.ts';
import type { FilterOutcome, HttpFilter } from './http-filter.ts';
import type { Failure, RetryDecision } from './retry.ts';

/** How an attempt ended. */
export type AttemptOutcome =
  | Failure
  /** The backend's response was passed on to its end; `exchange.status` is its status. */
  | { readonly kind: 'complete' }
  /** The exchange ended first: the client disconnected, a time limit passed, or the backend does not support what the request asks for. */
  | { readonly kind: 'cancelled' };

export const COMPLETE: AttemptOutcome = { kind: 'complete' };
export const CANCELLED: AttemptOutcome = { kind: 'cancelled' };

export interface ExchangeObserver {
  /**
   * A request is about to be dispatched. `head` is valid during the call only. `rule`: the rule of the request; null when no rule
   * matches it. `exchange.gateway` is known already, `exchange.rule` is not.
   */
  requestStarted?(exchange: Exchange, head: RequestHead, rule: CompiledRule | null): void;
  /**
   * A filter has acted on the request, or on its response when `exchange.run.responseHead` is not null. After the outcome `pending` the
   * same filter has a second event when it ends its wait. A wait that is cancelled has none: the client left, a time limit passed, or
   * another response took over.
   */
  filterRan?(exchange: Exchange, filter: HttpFilter, outcome: FilterOutcome | UpstreamResponse): void;
  /** A connection to `exchange.endpoint` is requested. `exchange.retries` counts the retries so far. */
  attemptStarted?(exchange: Exchange): void;
  /**
   * The attempt at `exchange.endpoint` is over. `exchange.connectedAtMs` is when it had its connection; an earlier time than the start of
   * the attempt means that it never had one. `retry`: the attempt that follows; null when none does.
   */
  attemptEnded?(exchange: Exchange, outcome: AttemptOutcome, retry: RetryDecision | null): void;
  /** The last event. `nowMs` is the wheel's clock, as all times of the exchange are. */
  requestFinished?(exchange: Exchange, nowMs: number): void;
}

/** One observer for `first` and `others`, in their order. Called once, when a proxy is created. */
export function combineObservers(
  first: ExchangeObserver,
  others: readonly ExchangeObserver[],
): ExchangeObserver {
  const [second, ...rest] = others;
  return second === undefined ? first : new ObserverPair(first, combineObservers(second, rest));
}

class ObserverPair implements ExchangeObserver {
  readonly #first: ExchangeObserver;
  readonly #second: ExchangeObserver;

  constructor(first: ExchangeObserver, second: ExchangeObserver) {
    this.#first = first;
    this.#second = second;
  }

  requestStarted(exchange: Exchange, head: RequestHead, rule: CompiledRule | null): void {
    this.#first.requestStarted?.(exchange, head, rule);
    this.#second.requestStarted?.(exchange, head, rule);
  }
  filterRan(exchange: Exchange, filter: HttpFilter, outcome: FilterOutcome | UpstreamResponse): void {
    this.#first.filterRan?.(exchange, filter, outcome);
    this.#second.filterRan?.(exchange, filter, outcome);
  }
  attemptStarted(exchange: Exchange): void {
    this.#first.attemptStarted?.(exchange);
    this.#second.attemptStarted?.(exchange);
  }
  attemptEnded(exchange: Exchange, outcome: AttemptOutcome, retry: RetryDecision | null): void {
    this.#first.attemptEnded?.(exchange, outcome, retry);
    this.#second.attemptEnded?.(exchange, outcome, retry);
  }
  requestFinished(exchange: Exchange, nowMs: number): void {
    this.#first.requestFinished?.(exchange, nowMs);
    this.#second.requestFinished?.(exchange, nowMs);
  }
}
