/** The request as it will be sent to a backend, or described to an auth server. */
import type { PathMatch } from '../../ir/match.ts';
import { NO_EDITS, compileHeadEdits, type HeadEdits } from '../message/head-edits.ts';
import { maxForwards, oneForwardLess } from '../message/max-forwards.ts';
import type { OutgoingRequest } from '../message/outgoing.ts';
import { giveRequestId } from './exchange-request-id.ts';
import type { Exchange } from './exchange.ts';
import { NO_EDIT_LIST } from './http-filter.ts';

export type MutableRequest = { -readonly [Key in keyof OutgoingRequest]: OutgoingRequest[Key] };

const ANY_PATH: PathMatch = { kind: 'prefix', value: '/' };

/** Only for filters that rewrite paths; otherwise each request would load its own of thousands of entries into the cache. */
export const pathMatchOf = ({ entry }: Exchange): PathMatch => entry?.match.path ?? ANY_PATH;

/** The request with the edits of its filters. For filters that act once all edits are known; they may change it. */
export function outgoingRequest(exchange: Exchange): MutableRequest {
  const { run } = exchange;
  if (run !== null && run.outgoing !== null) return run.outgoing;
  const request = uneditedRequest(exchange);
  request.edits = requestEdits(exchange);
  exchange.requestEdits = request.edits;
  if (run !== null) run.outgoing = request;
  return request;
}

function requestEdits({ head, filters, run }: Exchange): HeadEdits {
  const { merged, sources } = filters.requestEdits;
  const added = run?.requestEdits ?? NO_EDIT_LIST.sources;
  const hops = maxForwards(head);
  const shared = run?.sharedEdits ?? null;
  if (hops === null && added.length === 0)
    return shared === null ? merged : shared.mergedWith(filters.requestEdits);
  const counted = hops === null ? [] : [oneForwardLess(hops)];
  return compileHeadEdits([...counted, ...(shared?.sources ?? []), ...added, ...sources]);
}

/** Path and query as one. */
export const targetOf = (path: string, query: string): string => (query === '' ? path : `${path}?${query}`);

/** The request as it is sent when no filter changes it. */
export function uneditedRequest(exchange: Exchange): MutableRequest {
  const { connection, head, run, forwardedClient: claims } = exchange;
  giveRequestId(exchange);
  return {
    head,
    method: head.method,
    target: run === null || run.query === null ? null : targetOf(head.path, run.query),
    authority: null,
    scheme: connection.info.scheme,
    edits: NO_EDITS,
    forwarding: claims?.forwarding ?? connection.forwarding,
    forwardedHost: claims?.forwardedHost ?? head.authority,
    requestNumber: exchange.requestNumber,
    bodyBytes: null,
    upgrade: head.upgrade,
    sendsExpect: !exchange.hasSentContinue,
  };
}
