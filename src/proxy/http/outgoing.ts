/**
 * A request as it is to leave: the client's head and what the gateway changes in it. The exchange fills one in and has
 * the cluster's protocol prepare it, once; the prepared form serves every try.
 */
import type { HeaderField } from '../../ir/filter.ts';
import { NO_EDITS, type HeadEdits } from './head-edits.ts';
import type { RequestHead } from './head.ts';
import type { ConnectionFields } from './stream.ts';

/**
 * What a writer applies, in this order: fields of `head` without connection-level ones, without `expect` unless
 * `forwardExpect`, without those of `edits` and without forwarding fields (see `dropForwarding`); `edits.append`;
 * `forwarding`; `forwardedHost`; `requestId`; `extra`. A forwarding field that `edits` sets or removes is the user's: the
 * gateway adds none of its own.
 */
export interface OutgoingRequest {
  readonly head: RequestHead;
  readonly method: string;
  /** Path and query to send; null = as in `head` (verbatim unless `head.pathChanged`). */
  readonly target: string | null;
  /** Value of Host or `:authority`; null = as in `head`. */
  readonly authority: string | null;
  readonly scheme: 'http' | 'https';
  readonly edits: HeadEdits;
  /** X-Forwarded-For and -Proto and the like. */
  readonly forwarding: ConnectionFields;
  /**
   * The client's own X-Forwarded-*, Forwarded, X-Real-IP fields are dropped (always: for a trusted client, `forwarding`
   * continues its chain). Its X-Request-Id is dropped only when `requestNumber` is not negative.
   */
  readonly dropForwarding: true;
  /** Value of X-Forwarded-Host; null = none of ours, the client's own is dropped all the same. */
  readonly forwardedHost: string | null;
  /** Renders to X-Request-Id with `request-id.ts`; negative = keep the client's. */
  readonly requestNumber: number;
  /** Fields known only now (from an auth server, say); null = none. */
  readonly extra: readonly HeaderField[] | null;
}

/**
 * A request ready to be sent, any number of times, to any endpoint of its cluster; independent of the client's head.
 * Each protocol has its own form. `release` returns its buffers; afterwards it must not be used.
 */
export interface PreparedRequest {
  release(): void;
}

/** The one instance that the exchange fills in before each `prepare`: it lives only during that call. */
export class OutgoingRequestSlot implements OutgoingRequest {
  head: RequestHead;
  method = '';
  target: string | null = null;
  authority: string | null = null;
  scheme: 'http' | 'https' = 'http';
  edits: HeadEdits = NO_EDITS;
  forwarding: ConnectionFields;
  readonly dropForwarding = true;
  forwardedHost: string | null = null;
  requestNumber = -1;
  extra: readonly HeaderField[] | null = null;

  constructor(head: RequestHead, forwarding: ConnectionFields) {
    this.head = head;
    this.forwarding = forwarding;
  }
}
