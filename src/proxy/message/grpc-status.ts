/** Maps reasons to gRPC statuses: for a bare HTTP error, the client library would guess one. */
import { REASONS, type ReasonCode } from '../../ir/reason.ts';
import { isWebCall } from './grpc-web-head.ts';
import { LocalHead, type RequestHead } from './head.ts';
import type { DownstreamStream } from './stream.ts';

/** Codes of gRPC (google.golang.org/grpc/codes) that the gateway gives. */
const CANCELLED = 1;
const UNKNOWN = 2;
const DEADLINE_EXCEEDED = 4;
const PERMISSION_DENIED = 7;
const RESOURCE_EXHAUSTED = 8;
const UNIMPLEMENTED = 12;
const INTERNAL = 13;
const UNAVAILABLE = 14;
const UNAUTHENTICATED = 16;

/**
 * The gRPC status of a reason. An invalid backendRef is UNAVAILABLE (GRPCRouteRule.backendRefs); no matching route is
 * UNIMPLEMENTED, like an unknown method. UNAVAILABLE makes clients retry, so permanent errors have other statuses.
 */
export const GRPC_STATUS: Readonly<Record<ReasonCode, number>> = {
  no_listener_host: UNIMPLEMENTED,
  no_rule: UNIMPLEMENTED,
  invalid_ref: UNAVAILABLE,
  unsupported_backend: UNAVAILABLE,
  no_backend: UNAVAILABLE,
  invalid_filter: UNAVAILABLE,
  invalid_rule: UNAVAILABLE,
  policy_invalid: INTERNAL,
  regex_budget: RESOURCE_EXHAUSTED,
  redirect: UNKNOWN,
  direct_response: UNKNOWN,
  maintenance: UNAVAILABLE,
  error_page: UNKNOWN,
  cors_preflight: UNKNOWN,
  max_forwards: UNKNOWN,
  no_endpoints: UNAVAILABLE,
  no_healthy_endpoints: UNAVAILABLE,
  connect_failed: UNAVAILABLE,
  connect_timeout: UNAVAILABLE,
  upstream_reset: UNAVAILABLE,
  upstream_invalid: INTERNAL,
  upgrade_unsupported: UNIMPLEMENTED,
  overflow: UNAVAILABLE,
  retry_budget: UNAVAILABLE,
  request_timeout: DEADLINE_EXCEEDED,
  backend_timeout: DEADLINE_EXCEEDED,
  grpc_timeout: DEADLINE_EXCEEDED,
  idle_timeout: DEADLINE_EXCEEDED,
  stream_idle: DEADLINE_EXCEEDED,
  access_denied: PERMISSION_DENIED,
  auth_required: UNAUTHENTICATED,
  auth_invalid: UNAUTHENTICATED,
  auth_denied: PERMISSION_DENIED,
  auth_throttled: RESOURCE_EXHAUSTED,
  jwks_unavailable: UNAVAILABLE,
  auth_unavailable: PERMISSION_DENIED,
  rate_limited: RESOURCE_EXHAUSTED,
  bad_request: INTERNAL,
  head_too_large: RESOURCE_EXHAUSTED,
  uri_too_long: RESOURCE_EXHAUSTED,
  body_too_large: RESOURCE_EXHAUSTED,
  not_implemented: UNIMPLEMENTED,
  version_not_supported: UNIMPLEMENTED,
  expectation_failed: INTERNAL,
  misdirected: UNAVAILABLE,
  client_closed: CANCELLED,
};

const OF_HTTP_STATUS: ReadonlyMap<number, number> = new Map([
  [401, UNAUTHENTICATED],
  [403, PERMISSION_DENIED],
  [404, UNIMPLEMENTED],
  [429, RESOURCE_EXHAUSTED],
  [500, INTERNAL],
  [502, UNAVAILABLE],
  [503, UNAVAILABLE],
  [504, UNAVAILABLE],
]);

/** The gRPC status for an HTTP status that a user has configured; that of the reason for statuses without one. */
export const grpcStatusOf = (httpStatus: number, reason: ReasonCode): number =>
  OF_HTTP_STATUS.get(httpStatus) ?? GRPC_STATUS[reason];

/** `application/grpc`, with or without `+proto`, `+json` or parameters; gRPC-Web is another protocol. */
const GRPC_CONTENT = /^application\/grpc(?:[+;]|$)/i;

export const isGrpcContent = (contentType: string): boolean => GRPC_CONTENT.test(contentType);

/** Whether the client speaks gRPC: it then reads a status, not an HTTP error. HTTP/1.1 can carry it only as gRPC-Web. */
export function isGrpc(head: RequestHead): boolean {
  if (head.method !== 'POST') return false;
  if (head.version !== 'HTTP/2') return isWebCall(head);
  return isGrpcContent(head.header('content-type') ?? '');
}

/**
 * Aborts a response that has begun, for `reason`. In gRPC the status comes last, so it can still be sent: the client's library rejects
 * a truncated message. If the client itself is idle, it does not read trailers either.
 */
export function breakOff(stream: DownstreamStream, isCall: boolean, reason: ReasonCode): void {
  if (!isCall || reason === 'stream_idle') {
    stream.abort();
    return;
  }
  const message = `${reason}: ${REASONS[reason].text}`;
  stream.sendEnd(new LocalHead(0, ['grpc-status', 'grpc-message'], [String(GRPC_STATUS[reason]), message]));
}
