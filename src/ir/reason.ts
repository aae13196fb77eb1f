/**
 * Reason codes: every answer the gateway makes itself carries one, in log, metric and (opted in) the
 * `x-sluice-reason` header. docs/reference/reasons.md shows this table; its `advice` is Markdown, with links from that page.
 */
export const REASONS = {
  no_listener_host: {
    status: 404,
    text: 'No listener serves this host.',
    advice:
      "the `Host` (or `:authority`) against the `hostname` of the Gateway's listeners and the routes attached to them",
  },
  no_rule: {
    status: 404,
    text: 'No route rule matches this request.',
    advice: 'the matches of the routes with this host: `sluice explain` names the near misses',
  },
  invalid_ref: {
    status: 500,
    text: 'The chosen backendRef does not resolve.',
    advice:
      "the backendRef: name, port, namespace, and for another namespace its ReferenceGrant; the route's ResolvedRefs condition says which",
  },
  unsupported_backend: {
    status: 500,
    text: 'The chosen backendRef names a kind that is not served.',
    advice: 'the `group` and `kind` of the backendRef',
  },
  no_backend: {
    status: 500,
    text: 'The rule has no backend with a weight above 0.',
    advice: 'the rule has no backendRefs, or all have weight 0',
  },
  invalid_filter: {
    status: 500,
    text: 'A filter of the rule cannot be run.',
    advice: "the route's ResolvedRefs condition: it names what the filter refers to",
  },
  invalid_rule: {
    status: 500,
    text: 'The rule is invalid.',
    advice: "the route's PartiallyInvalid condition: it names the rule and what is wrong with it",
  },
  policy_invalid: {
    status: 500,
    text: 'A policy that protects the route cannot be applied.',
    advice:
      "the policy's Accepted and ResolvedRefs conditions: they name the policy and what is wrong with it",
  },
  regex_budget: {
    status: 500,
    text: 'The regular expressions of the routes take more work for this request than the limit.',
    advice:
      'the patterns of the routes with this host: fewer, smaller, or with a literal beginning ([limits](routing.md#3-the-hostname-of-a-route-then-its-rules))',
  },
  redirect: {
    status: 302,
    text: 'A redirect filter answered.',
    advice: 'nothing: the route asked for it (the status is the one the filter names)',
  },
  cors_preflight: {
    status: 204,
    text: 'A CORS preflight was answered.',
    advice: 'nothing: the CORS filter answered `OPTIONS`',
  },
  max_forwards: {
    status: 204,
    text: 'Max-Forwards was 0: the request may not be forwarded.',
    advice:
      'nothing: an `OPTIONS` or `TRACE` request asked for the answer of this hop (RFC 9110 section 7.6.2)',
  },
  no_endpoints: {
    status: 503,
    text: 'The backend has no endpoint that can take requests.',
    advice: 'the EndpointSlices of the Service: none is ready or serving',
  },
  no_healthy_endpoints: {
    status: 503,
    text: 'Every endpoint of the backend fails its health checks.',
    advice:
      '`sluice status`: it names the endpoints and what their checks found; the panic threshold is off (0)',
  },
  connect_failed: {
    status: 503,
    text: 'No endpoint could be connected to.',
    advice: 'whether the backend listens on the address and port of its endpoint',
  },
  connect_timeout: {
    status: 504,
    text: 'Connecting to the endpoint took too long.',
    advice: 'the network between gateway and backend, or a backend whose accept queue is full',
  },
  upstream_reset: {
    status: 502,
    text: 'The backend closed the connection before it answered.',
    advice: "the backend's log: it closed the connection in the middle of the exchange",
  },
  upstream_invalid: {
    status: 502,
    text: 'The backend sent a malformed answer.',
    advice: "the backend's answer: it breaks RFC 9110 or 9112, and passing it on would be unsafe",
  },
  upgrade_unsupported: {
    status: 502,
    text: 'The backend speaks HTTP/2 and takes no WebSockets on it (RFC 8441).',
    advice:
      "the backend's HTTP/2 server: it must announce extended CONNECT; or give the Service's port `appProtocol: kubernetes.io/ws`, for HTTP/1.1",
  },
  overflow: {
    status: 503,
    text: 'A circuit breaker limit is reached.',
    advice: 'the limits of the circuit breaker, or a backend that has become slow',
  },
  retry_budget: {
    status: 503,
    text: 'The retry budget is spent.',
    advice: 'why so many requests fail: retries are a bounded share of all requests',
  },
  request_timeout: {
    status: 504,
    text: 'The request timeout of the rule has passed.',
    advice: '`timeouts.request` of the rule',
  },
  backend_timeout: {
    status: 504,
    text: 'The backend request timeout of the rule has passed.',
    advice: '`timeouts.backendRequest` of the rule',
  },
  grpc_timeout: {
    status: 504,
    text: 'The deadline that the client gave its call has passed.',
    advice: "the client's deadline (`grpc-timeout`) against how long the backend takes",
  },
  idle_timeout: {
    status: 408,
    text: 'The client sent its request too slowly.',
    advice:
      'the client: its head or body came too slowly; `timeouts.head` and `timeouts.slowBody` of the [ProxyConfig](proxy-config.md)',
  },
  stream_idle: {
    status: 504,
    text: 'No byte moved in either direction for too long.',
    advice: 'the backend: it sent nothing for the whole idle time',
  },
  auth_denied: {
    status: 403,
    text: 'The external auth server refused the request.',
    advice: "the external auth server's own answer (the status is the one it gave)",
  },
  auth_unavailable: {
    status: 403,
    text: 'The external auth server did not answer.',
    advice: 'the backendRef of the external auth filter',
  },
  bad_request: {
    status: 400,
    text: 'The request is malformed.',
    advice:
      'the request: it breaks RFC 9110 or 9112, or has a field that the Gateway refuses (`headersWithUnderscores`)',
  },
  head_too_large: {
    status: 431,
    text: 'The request head is larger than the limit.',
    advice: 'cookies first; `limits.head` and `limits.headers` of the [ProxyConfig](proxy-config.md)',
  },
  uri_too_long: {
    status: 414,
    text: 'The request target is longer than the limit.',
    advice: 'the request target; `limits.target` of the ProxyConfig',
  },
  body_too_large: {
    status: 413,
    text: 'The request body is larger than the limit.',
    advice:
      'the size limit for request bodies: `limits.body` of the ProxyConfig, or `forwardBody.maxSize` of an external auth filter',
  },
  not_implemented: {
    status: 501,
    text: 'The transfer coding or method is not served.',
    advice:
      'the transfer coding or method that the client used; `TRACE` needs a rule that matches it by method',
  },
  version_not_supported: {
    status: 505,
    text: 'The HTTP version is not served.',
    advice: 'the HTTP version in the request line',
  },
  expectation_failed: { status: 417, text: 'The expectation cannot be met.', advice: 'the `Expect` field' },
  misdirected: {
    status: 421,
    text: 'The host belongs to another TLS listener than the one of this connection.',
    advice: 'clients that reuse a TLS connection for a host of another listener; they retry by themselves',
  },
  client_closed: {
    status: 499,
    text: 'The client went away before the answer was complete.',
    advice: 'nothing, or what made the client give up',
  },
} as const;

export type ReasonCode = keyof typeof REASONS;
