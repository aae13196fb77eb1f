/**
 * Reason codes: every response of the gateway itself has one, in log, metric and (opted in) the
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
    text: 'The chosen backendRef names an unsupported kind.',
    advice: 'the `group` and `kind` of the backendRef',
  },
  no_backend: {
    status: 500,
    text: 'The rule has no backend with a weight above 0.',
    advice: 'the rule has no backendRefs, or all have weight 0',
  },
  invalid_filter: {
    status: 500,
    text: 'A filter of the rule is invalid.',
    advice: "the route's ResolvedRefs condition: it names the object that the filter refers to",
  },
  invalid_rule: {
    status: 500,
    text: 'The rule is invalid.',
    advice: "the route's PartiallyInvalid condition: it names the rule and the error",
  },
  policy_invalid: {
    status: 500,
    text: 'A policy that protects the route cannot be applied.',
    advice: "the policy's Accepted and ResolvedRefs conditions: they name the policy and the error",
  },
  regex_budget: {
    status: 500,
    text: 'Matching this request exceeds the regular expression budget.',
    advice:
      'the regular expressions of the routes with this host: use fewer or smaller ones, or patterns with a literal beginning ([limits](routing.md#3-the-hostname-of-a-route-then-its-rules))',
  },
  redirect: {
    status: 302,
    text: 'A redirect filter responded.',
    advice: 'nothing: the route configures this redirect (the filter sets the status)',
  },
  direct_response: {
    status: 200,
    text: 'A DirectResponse filter responded.',
    advice:
      'nothing: the route configures this response (the [DirectResponse](direct-response.md) sets the status)',
  },
  cors_preflight: {
    status: 204,
    text: 'The gateway responded to a CORS preflight.',
    advice: 'nothing: the CORS filter responded to `OPTIONS`',
  },
  maintenance: {
    status: 503,
    text: 'The service is under maintenance.',
    advice: 'nothing: `maintenance` of a [ResponsePolicy](response-policy.md) is on',
  },
  error_page: {
    status: 502,
    text: 'An error page replaced the response of the backend.',
    advice:
      "the backend's log; a page of a [ResponsePolicy](response-policy.md) for responses of backends applies, with its status",
  },
  max_forwards: {
    status: 204,
    text: 'Max-Forwards is 0: the gateway must not forward the request.',
    advice: 'nothing: an `OPTIONS` or `TRACE` request asked this hop to respond (RFC 9110 section 7.6.2)',
  },
  no_endpoints: {
    status: 503,
    text: 'The backend has no usable endpoint.',
    advice: 'the EndpointSlices of the Service: none is ready or serving',
  },
  no_healthy_endpoints: {
    status: 503,
    text: 'Every endpoint of the backend fails its health checks.',
    advice: '`sluice status`: it lists the endpoints and their check results; the panic threshold is off (0)',
  },
  connect_failed: {
    status: 503,
    text: 'The gateway could not connect to any endpoint.',
    advice: 'whether the backend listens on the address and port of its endpoints',
  },
  connect_timeout: {
    status: 504,
    text: 'The connection to the endpoint timed out.',
    advice: 'the network between gateway and backend, or a backend whose accept queue is full',
  },
  upstream_reset: {
    status: 502,
    text: 'The backend closed the connection before its response was complete.',
    advice: "the backend's log: it closed the connection during the request",
  },
  upstream_invalid: {
    status: 502,
    text: 'The backend sent a malformed response.',
    advice: "the backend's response: it violates RFC 9110 or 9112, and forwarding it would be unsafe",
  },
  upgrade_unsupported: {
    status: 502,
    text: 'The backend uses HTTP/2 and does not support WebSockets over it (RFC 8441).',
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
    text: 'The retry budget is exhausted.',
    advice: 'why requests fail: retries may only be a limited share of all requests',
  },
  request_timeout: {
    status: 504,
    text: 'The request timeout of the rule expired.',
    advice: '`timeouts.request` of the rule',
  },
  backend_timeout: {
    status: 504,
    text: 'The backend request timeout of the rule expired.',
    advice: '`timeouts.backendRequest` of the rule',
  },
  grpc_timeout: {
    status: 504,
    text: 'The deadline that the client set for its call expired.',
    advice: "the client's deadline (`grpc-timeout`) against the backend's response time",
  },
  idle_timeout: {
    status: 408,
    text: 'The client sent its request too slowly.',
    advice:
      'the client: it sent the head or body too slowly; `timeouts.head` and `timeouts.slowBody` of the [ProxyConfig](proxy-config.md)',
  },
  stream_idle: {
    status: 504,
    text: 'No data was sent in either direction within the idle timeout.',
    advice: 'the backend: it sent nothing for the whole idle timeout',
  },
  access_denied: {
    status: 403,
    text: 'An access policy denies the request.',
    advice:
      'the [access log](access-log.md): `refusedBy` names the policy and its rule, `client` is the address that the policy saw',
  },
  auth_required: {
    status: 401,
    text: 'The request has no credentials.',
    advice:
      'what the [AuthPolicy](auth-policy.md) expects (`WWW-Authenticate`), and where it expects it: `sluice explain` names the policy',
  },
  auth_invalid: {
    status: 401,
    text: 'The credentials are not valid.',
    advice:
      "the token's issuer, audience, times and key (`WWW-Authenticate` has the error), or the password or API key in the Secret",
  },
  auth_denied: {
    status: 403,
    text: 'Authentication denied the request.',
    advice:
      "the external auth server's response (which sets the status), or the names in the client's certificate against `clientCertificate.sans`",
  },
  auth_throttled: {
    status: 429,
    text: 'Too many passwords are tried.',
    advice: 'the client: 10 wrong passwords a minute block its address; the log has the address',
  },
  jwks_unavailable: {
    status: 503,
    text: 'The keys that verify tokens were never fetched.',
    advice: 'the address of the key set and the network to it: the log of the proxy has the error',
  },
  auth_unavailable: {
    status: 403,
    text: 'The external auth server did not respond.',
    advice: 'the backendRef of the external auth filter',
  },
  rate_limited: {
    status: 429,
    text: 'The request exceeds a rate limit.',
    advice:
      'the limits of the [RateLimitPolicies](rate-limit-policy.md) that govern the route; the access log has the policy and limit in `refusedBy`',
  },
  bad_request: {
    status: 400,
    text: 'The request is malformed.',
    advice:
      'the request: it violates RFC 9110 or 9112, or has a field that the Gateway rejects (`headersWithUnderscores`)',
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
    text: 'The transfer coding or method is not supported.',
    advice:
      'the transfer coding or method that the client used; `TRACE` needs a rule that matches it by method',
  },
  version_not_supported: {
    status: 505,
    text: 'The HTTP version is not supported.',
    advice: 'the HTTP version in the request line',
  },
  expectation_failed: {
    status: 417,
    text: 'The gateway cannot meet the expectation.',
    advice: 'the `Expect` field',
  },
  misdirected: {
    status: 421,
    text: 'The host belongs to a different TLS listener than this connection.',
    advice: 'clients that reuse a TLS connection for a host of another listener; they retry automatically',
  },
  client_closed: {
    status: 499,
    text: 'The client disconnected before the response was complete.',
    advice: 'nothing, or why the client gave up',
  },
} as const;

export type ReasonCode = keyof typeof REASONS;
