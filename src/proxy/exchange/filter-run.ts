/**
 * Runs the filters of one exchange and holds their state. Created when the first filter acts, so that
 * exchanges without filters cost nothing.
 */
import type { HeaderEdit, HeaderField } from '../../ir/filter.ts';
import type { ReasonCode } from '../../ir/reason.ts';
import type { ResponseHead } from '../message/head.ts';
import type { UpstreamStream } from '../message/stream.ts';
import { runRequestFilters } from './dispatch.ts';
import type { Exchange } from './exchange.ts';
import { CANCELLED } from './exchange-observer.ts';
import { HeldResponse } from './held-response.ts';
import {
  NO_EDIT_LIST,
  type EndObserver,
  type ExchangeKey,
  type FilterAnswer,
  type HttpFilter,
  type PendingFilter,
} from './http-filter.ts';
import type { MutableRequest } from './outgoing-request.ts';
import type { ResponseEncoder } from './response-encoder.ts';
import type { RefusalCounter } from './policy-refusals.ts';
import type { SharedEdits } from './shared-edits.ts';

/** A response that an upstream of a filter makes, such as an auth server: its body follows through `UpstreamEvents`. */
export interface UpstreamResponse {
  readonly kind: 'answer';
  readonly reason: ReasonCode;
  readonly head: ResponseHead;
  readonly stream: UpstreamStream;
}

const NO_REFUSALS: readonly RefusalCounter[] = [];

export class FilterRun {
  /** Edits for this exchange, in the order in which they apply; those of the rule and of its backend follow. */
  requestEdits: readonly HeaderEdit[] = NO_EDIT_LIST.sources;
  /** Edits that come before `requestEdits`, and that many requests share; null: none. */
  sharedEdits: SharedEdits | null = null;
  /** The query to send to backends; null: the client's. */
  query: string | null = null;
  responseEdits: readonly HeaderEdit[] = NO_EDIT_LIST.sources;
  /** Fields to add to the response after all edits. */
  addedFields: readonly HeaderField[] | null = null;
  /** What encodes the body of the response; null: it is sent as it is. */
  encoder: ResponseEncoder | null = null;
  /** The request as it will be sent, once a filter has asked for it (`outgoingRequest`). */
  outgoing: MutableRequest | null = null;
  /** The policy that refused the request; null: none did. */
  refusedBy: RefusalCounter | null = null;
  /** Policies in mode Audit that would have refused the request. */
  wouldRefuse: readonly RefusalCounter[] = NO_REFUSALS;
  readonly #exchange: Exchange;
  /** Index of the next filter of the list at work. */
  #next = 0;
  #pending: PendingFilter | null = null;
  /** The filter that waits for `#pending`. */
  #waiting: HttpFilter | null = null;
  /** The filter whose upstream makes the response. */
  #responder: PendingFilter | null = null;
  #isResponding = false;
  #isLocalReply = false;
  #responseHead: ResponseHead | null = null;
  #held: HeldResponse | null = null;
  #kept: Map<ExchangeKey<unknown>, unknown> | null = null;
  #endObservers: EndObserver[] | null = null;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  // --- for the exchange ---

  /** The next list of filters is at work. */
  rewind(): void {
    this.#next = 0;
  }

  /** Runs `filters` up to `end`, from where the last run stopped. True when all have acted: the caller goes on. */
  run(filters: readonly HttpFilter[], end: number): boolean {
    const exchange = this.#exchange;
    while (this.#next < end) {
      const filter = filters[this.#next++] as HttpFilter;
      const outcome = filter.apply(exchange, this);
      exchange.context.observer.filterRan?.(exchange, filter, outcome);
      if (outcome === 'continue') continue;
      if (outcome.kind === 'answer') exchange.answer(outcome.reason, outcome.reply);
      else this.#wait(filter, outcome);
      return false;
    }
    return true;
  }

  /**
   * Runs the response filters on a response; true when it is to be sent. One that takes the place of another goes on with the filters
   * that the other had not reached: each acts at most once, and the loop ends.
   */
  respond(head: ResponseHead, isLocalReply: boolean): boolean {
    if (!this.#isResponding) this.rewind();
    this.#isResponding = true;
    this.#isLocalReply = isLocalReply;
    this.#responseHead = head;
    this.#held = null;
    return this.#runResponse();
  }

  #runResponse(): boolean {
    const { response } = this.#exchange.filters;
    return this.run(response, response.length);
  }

  #wait(filter: HttpFilter, pending: PendingFilter): void {
    const exchange = this.#exchange;
    this.#pending = pending;
    this.#waiting = filter;
    if (!this.#isResponding) this.#retainRequest();
    else if (!this.#isLocalReply && this.#held === null && this.#responseHead !== null) {
      this.#held = new HeldResponse(this.#responseHead);
      this.#responseHead = this.#held.head;
    }
    if (this.#isResponding && this.#isLocalReply) exchange.watchReply();
    else exchange.watchTime();
    pending.start(exchange.body);
  }

  /** The engine reuses the buffer of a head for the next request, also of another client. */
  #retainRequest(): void {
    const head = this.#exchange.head.retain();
    this.#exchange.head = head;
    if (this.outgoing !== null) this.outgoing.head = head;
  }

  /** There is a response, sent or not: no further attempt. */
  get isResponding(): boolean {
    return this.#isResponding;
  }
  /** The response that waits for a filter; null: it is a local reply, or none waits. */
  get held(): HeldResponse | null {
    return this.#held;
  }
  /** An encoder still has some of the response. */
  get isEncoding(): boolean {
    return this.encoder?.isDone === false;
  }
  takeHeld(): HeldResponse | null {
    const held = this.#held;
    this.#held = null;
    return held;
  }

  bodyChanged(): void {
    this.#pending?.bodyChanged(this.#exchange.body);
  }

  /** Ends what filters wait for, and the response of a filter's upstream. */
  cancel(): void {
    const pending = this.#pending;
    const responder = this.#responder;
    this.#pending = null;
    this.#responder = null;
    this.#held = null;
    pending?.cancel();
    responder?.cancel();
  }

  /** A response of the gateway itself has waited for too long: it goes on without the filter that holds it back. */
  skipWaiting(): void {
    const pending = this.#pending;
    this.#pending = null;
    pending?.cancel();
    this.#goOn();
  }

  #goOn(): void {
    if (!this.#isResponding) runRequestFilters(this.#exchange);
    else if (this.#runResponse() && this.#responseHead !== null) {
      this.#exchange.startResponse(this.#responseHead);
    }
  }

  ended(): void {
    if (this.#endObservers === null) return;
    for (const observer of this.#endObservers) observer.exchangeEnded(this.#exchange);
  }

  // --- for filters ---

  /** The head of the response; null while the request's filters act. */
  get responseHead(): ResponseHead | null {
    return this.#responseHead;
  }

  /** Sends another head in place of the response's: the same response, described otherwise. */
  replaceHead(head: ResponseHead): void {
    this.#responseHead = head;
  }

  /** Ends the wait of `pending`. */
  resume(pending: PendingFilter, outcome: 'continue' | FilterAnswer): void {
    if (this.#pending !== pending) return;
    this.#pending = null;
    this.#reportEnd(outcome);
    if (outcome === 'continue') this.#goOn();
    else this.#exchange.answer(outcome.reason, outcome.reply);
  }

  /** Ends the wait of `pending` with a response that is passed on to the client. */
  respondWith(pending: PendingFilter, response: UpstreamResponse): void {
    if (this.#pending !== pending) return;
    this.#pending = null;
    this.#reportEnd(response);
    this.#exchange.leaveAttempt(CANCELLED);
    this.#responder = pending;
    this.#exchange.passOn(response);
  }

  /** The wait of a filter has ended. */
  #reportEnd(outcome: 'continue' | FilterAnswer | UpstreamResponse): void {
    const filter = this.#waiting;
    this.#waiting = null;
    if (filter !== null) this.#exchange.context.observer.filterRan?.(this.#exchange, filter, outcome);
  }

  keep<Value>(key: ExchangeKey<Value>, value: Value): void {
    (this.#kept ??= new Map<ExchangeKey<unknown>, unknown>()).set(key, value);
  }
  kept<Value>(key: ExchangeKey<Value>): Value {
    return this.#kept?.has(key) === true ? (this.#kept.get(key) as Value) : key.absent;
  }

  observeEnd(observer: EndObserver): void {
    (this.#endObservers ??= []).push(observer);
  }
}
