/**
 * Reason codes: every answer the gateway makes itself carries one, in log, metric and (opted in) the
 * `x-sluice-reason` header. docs/reference/reasons.md is held to this table by a test.
 */
export const REASONS = {
  no_listener_host: { status: 404, text: 'No listener serves this host.' },
  no_rule: { status: 404, text: 'No route rule matches this request.' },
  invalid_ref: { status: 500, text: 'The chosen backendRef does not resolve.' },
  unsupported_backend: { status: 500, text: 'The chosen backendRef names a kind that is not served.' },
  no_backend: { status: 500, text: 'The rule has no backend with a weight above 0.' },
  invalid_filter: { status: 500, text: 'A filter of the rule cannot be run.' },
  invalid_rule: { status: 500, text: 'The rule is invalid.' },
  regex_budget: {
    status: 500,
    text: 'The regular expressions of the routes take more work for this request than the limit.',
  },
  redirect: { status: 302, text: 'A redirect filter answered.' },
  cors_preflight: { status: 204, text: 'A CORS preflight was answered.' },
  max_forwards: { status: 204, text: 'Max-Forwards was 0: the request may not be forwarded.' },
  no_endpoints: { status: 503, text: 'The backend has no endpoint that can take requests.' },
  no_healthy_endpoints: { status: 503, text: 'Every endpoint of the backend fails its health checks.' },
  connect_failed: { status: 503, text: 'No endpoint could be connected to.' },
  connect_timeout: { status: 504, text: 'Connecting to the endpoint took too long.' },
  upstream_reset: { status: 502, text: 'The backend closed the connection before it answered.' },
  upstream_invalid: { status: 502, text: 'The backend sent a malformed answer.' },
  upgrade_unsupported: {
    status: 502,
    text: 'The backend speaks HTTP/2 and takes no WebSockets on it (RFC 8441).',
  },
  overflow: { status: 503, text: 'A circuit breaker limit is reached.' },
  retry_budget: { status: 503, text: 'The retry budget is spent.' },
  request_timeout: { status: 504, text: 'The request timeout of the rule has passed.' },
  backend_timeout: { status: 504, text: 'The backend request timeout of the rule has passed.' },
  grpc_timeout: { status: 504, text: 'The deadline that the client gave its call has passed.' },
  idle_timeout: { status: 408, text: 'The client sent its request too slowly.' },
  stream_idle: { status: 504, text: 'No byte moved in either direction for too long.' },
  auth_denied: { status: 403, text: 'The external auth server refused the request.' },
  auth_unavailable: { status: 403, text: 'The external auth server did not answer.' },
  bad_request: { status: 400, text: 'The request is malformed.' },
  head_too_large: { status: 431, text: 'The request head is larger than the limit.' },
  uri_too_long: { status: 414, text: 'The request target is longer than the limit.' },
  body_too_large: { status: 413, text: 'The request body is larger than the limit.' },
  not_implemented: { status: 501, text: 'The transfer coding or method is not served.' },
  version_not_supported: { status: 505, text: 'The HTTP version is not served.' },
  expectation_failed: { status: 417, text: 'The expectation cannot be met.' },
  misdirected: {
    status: 421,
    text: 'The host belongs to another TLS listener than the one of this connection.',
  },
  client_closed: { status: 499, text: 'The client went away before the answer was complete.' },
} as const;

export type ReasonCode = keyof typeof REASONS;
