/** What the head of a response says about retrying. */
import type { FieldList, ResponseHead } from '../message/head.ts';
import { HeaderId } from '../message/header-id.ts';
import type { Failure } from './retry.ts';

/** IMF-fixdate, the only date format still sent (RFC 9110 section 5.6.7). */
const HTTP_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;

/** How a retry policy sees a response; null if it is not a failure. */
export function answeredFailure(head: ResponseHead, isGrpc: boolean): Failure | null {
  const { status } = head;
  if (status >= 400) return { kind: 'status', status, retryAfterMs: retryAfterMs(head, Date.now()) };
  const code = isGrpc ? trailersOnlyStatus(head) : null;
  return code === null ? null : { kind: 'grpc', code };
}

/**
 * The delay that Retry-After requests (RFC 9110 section 10.2.3), in seconds or until a date; 0 for a past date. null without
 * one, or when it cannot be read. `nowMs` since the epoch.
 */
export function retryAfterMs(fields: FieldList, nowMs: number): number | null {
  const value = valueOf(fields, HeaderId.retryAfter);
  if (value === null) return null;
  if (/^[0-9]{1,9}$/.test(value)) return Number(value) * 1_000;
  const atMs = HTTP_DATE.test(value) ? Date.parse(value) : NaN;
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - nowMs);
}

/** The gRPC status of a response that has nothing else; null if it has more, or no status. Also null for OK, which is not a failure. */
function trailersOnlyStatus(head: ResponseHead): number | null {
  if (head.hasBody) return null;
  const value = valueOf(head, HeaderId.grpcStatus);
  return value !== null && /^[1-9][0-9]?$/.test(value) ? Number(value) : null;
}

function valueOf(fields: FieldList, id: number): string | null {
  for (let index = 0; index < fields.count; index++) {
    if (fields.id(index) === id) return fields.value(index);
  }
  return null;
}
