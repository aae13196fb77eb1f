/**
 * The interface that filters implement. They are compiled in `proxy/filter`, which says in which order
 * they act, and one loop runs them (`FilterRun`), on requests, on responses and on local replies alike.
 *
 * **Bodies.** A filter acts on heads. To change a response's body, it wraps `exchange.stream` in a `DownstreamStream` of its own, which
 * gets head, data, end and flushes in order, as `WebCallStream` of gRPC-Web does. The wrapper may be asynchronous: it returns false from
 * `sendData`, and calls `exchange.onDownstreamDrained` when it has room again. To change a request's body, a `DownstreamEvents` goes
 * between the engine and the exchange, as `WebTextRequest` of gRPC-Web does: the engine calls what `HttpService.begin` returns, and the
 * wrapper slows the client down with `pauseRequest`. To read a request's body on its way to the backend, a filter adds a `RequestTap`.
 */
import type { HeaderEdit } from '../../ir/filter.ts';
import type { ReasonCode } from '../../ir/reason.ts';
import { NO_EDITS, type HeadEdits } from '../message/head-edits.ts';
import type { FieldList } from '../message/head.ts';
import type { Reply } from '../message/local-reply.ts';
import type { Exchange } from './exchange.ts';
import type { FilterRun } from './filter-run.ts';
import type { RequestBody } from './request-body.ts';

/** One step of a rule or backend. It serves every exchange of the rule; what belongs to one exchange is kept in `run`. */
export interface HttpFilter {
  /** As in the configuration, for observers. */
  readonly kind: string;
  apply(exchange: Exchange, run: FilterRun): FilterOutcome;
}

/** `continue`: the next filter acts. Any other outcome ends the loop, for now or for good. */
export type FilterOutcome = 'continue' | FilterAnswer | PendingFilter;

/** The gateway responds in place of the backend, or of the response that a response filter was given. */
export interface FilterAnswer {
  readonly kind: 'answer';
  readonly reason: ReasonCode;
  /** Absent: the usual reply for `reason`. */
  readonly reply?: Reply;
}

/**
 * The filter waits for something. `FilterRun.resume` or `FilterRun.respondWith` ends the wait; both do nothing once it was cancelled. The
 * time limits of the rule apply meanwhile.
 */
export interface PendingFilter {
  readonly kind: 'pending';
  /** The wait begins. It may end before this returns. `body`: what has arrived of the request's body; null when it has none. */
  start(body: RequestBody | null): void;
  /** More of the request's body has arrived, or it is complete. */
  bodyChanged(body: RequestBody | null): void;
  /** The client has disconnected, a time limit has passed, or another response is being sent. */
  cancel(): void;
}

/** The filters of a rule, or of a rule together with one of its backends. */
export interface FilterChain {
  /** Act on the request, in the order of their stages. */
  readonly request: readonly HttpFilter[];
  /** Number of filters in `request` that act before the gateway's own checks (stage `checks`), and so on requests that these refuse. */
  readonly beforeChecks: number;
  /** Act on every response, regardless of its source, in the order of their stages. */
  readonly response: readonly HttpFilter[];
  readonly requestEdits: EditList;
  readonly responseEdits: EditList;
}

/** Header edits that are known when the rule is compiled. */
export interface EditList {
  /** In the order in which they apply. */
  readonly sources: readonly HeaderEdit[];
  readonly merged: HeadEdits;
}

export const NO_EDIT_LIST: EditList = { sources: [], merged: NO_EDITS };

/** Shared by the thousands of rules without filters, so that it stays in the processor's cache. */
export const NO_FILTERS: FilterChain = {
  request: [],
  beforeChecks: 0,
  response: [],
  requestEdits: NO_EDIT_LIST,
  responseEdits: NO_EDIT_LIST,
};

/** Key of a value that a filter keeps for the duration of an exchange (`FilterRun.keep`). */
export interface ExchangeKey<Value> {
  /** The value before anything was kept. */
  readonly absent: Value;
}

/** Reads the request's body as it is sent to the backend. Chunks are valid only during the call. */
export interface RequestTap {
  data(buffer: Buffer, from: number, to: number): void;
  flush(): void;
  end(trailers: FieldList | null): void;
}

export interface EndObserver {
  /** The exchange is over. */
  exchangeEnded(exchange: Exchange): void;
}
