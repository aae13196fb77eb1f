/**
 * An outgoing request: the client's head with the gateway's changes. The exchange creates one and has
 * the cluster's protocol prepare it once; all attempts use the prepared form.
 */
import type { HeadEdits } from './head-edits.ts';
import type { RequestHead } from './head.ts';
import type { ForwardingFields } from './forwarding-fields.ts';

/**
 * What a writer applies, in this order: fields of `head` without connection-level ones, without those that `edits` drops and
 * without forwarding fields (ids xForwardedFor to xRealIp, `proxy`, `xSluiceReason`; `xRequestId` unless `requestNumber` is
 * negative); `edits.append`; `forwarding.fields`; X-Forwarded-Host and Forwarded with `forwardedHost`; X-Request-Id.
 * A forwarding field whose id is in `edits.dropIds` is the user's: the gateway adds none of its own (`edits.dropsForwarding`).
 * Expect is an ordinary field unless `sendsExpect` is false: the backend's 100 is passed on.
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
  /** Includes values from fields of a trusted client. */
  readonly forwarding: ForwardingFields;
  /** Value of X-Forwarded-Host, and of `host=` in Forwarded: the requested host, with port. `` without Host. */
  readonly forwardedHost: string;
  /** Renders to X-Request-Id with `request-id.ts`; negative = keep the client's. */
  readonly requestNumber: number;
  /**
   * Bytes of the body that is sent instead of the client's: Content-Length is this, and there are no trailers. null = the
   * client's own body, framed as `head` says.
   */
  readonly bodyBytes: number | null;
  /** Protocol to ask the backend for (`Upgrade`, or `:protocol` of RFC 8441), lower case; `` = none. */
  readonly upgrade: string;
  /** False if the body is sent without waiting for 100: the client's Expect is dropped. */
  readonly sendsExpect: boolean;
}

/**
 * A request ready to be sent, any number of times, to any endpoint of its cluster; independent of the client's head.
 * Each protocol has its own form. `release` returns its buffers; afterwards it must not be used.
 */
export interface PreparedRequest {
  release(): void;
}
