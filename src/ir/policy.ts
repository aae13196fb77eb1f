/** Policy values of a rule or a cluster. Every duration is milliseconds; 0 means off. */

export interface Timeouts {
  /** Whole exchange, from the request's head to the response's end (HTTPRouteTimeouts.request). */
  readonly requestMs: number;
  /** One attempt at a backend (HTTPRouteTimeouts.backendRequest). */
  readonly backendRequestMs: number;
  /** Time without a byte in either direction of a stream. */
  readonly streamIdleMs: number;
}

export type RetryTrigger =
  | 'connect-failure'
  | 'refused-stream'
  | 'reset'
  | 'gateway-error'
  | '5xx'
  | 'per-try-timeout'
  | 'retriable-codes';

export interface RetryPolicy {
  /** Attempts after the first; 0 = none, not even the built-in connect retry. */
  readonly attempts: number;
  readonly on: readonly RetryTrigger[];
  readonly codes: readonly number[];
  readonly grpcCodes: readonly number[];
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  readonly honorRetryAfter: boolean;
  readonly perTryTimeoutMs: number;
  readonly nonIdempotent: 'never' | 'before-send' | 'always';
  readonly maxBodyBytes: number;
}

/** Settings of the attempts of one request. */
export interface RequestPolicy {
  readonly timeouts: Timeouts;
  /** null = only the built-in connect retry. */
  readonly retry: RetryPolicy | null;
}

export interface SessionPersistence {
  readonly kind: 'cookie' | 'header';
  readonly name: string;
  /** 0 = no absolute timeout. */
  readonly absoluteTimeoutMs: number;
  /** A `permanent` cookie has Max-Age; a `session` cookie does not. */
  readonly cookieLifetime: 'session' | 'permanent';
  /** Cookie path: the longest path prefix shared by the rule's matches. */
  readonly cookiePath: string;
}

export type HashSource =
  | { readonly kind: 'source-ip' }
  | { readonly kind: 'header'; readonly name: string }
  | { readonly kind: 'cookie'; readonly name: string }
  | { readonly kind: 'query'; readonly name: string };

export type LoadBalancing =
  | { readonly kind: 'round-robin' }
  | { readonly kind: 'least-request' }
  | { readonly kind: 'random' }
  | { readonly kind: 'consistent-hash'; readonly source: HashSource; readonly tableSize: number };

export interface RetryBudget {
  readonly percent: number;
  readonly intervalMs: number;
  readonly minRetryCount: number;
  readonly minRetryIntervalMs: number;
}

export type ActiveCheckProbe =
  | {
      readonly kind: 'http';
      readonly path: string;
      readonly method: string;
      readonly hostname: string;
      readonly expected: readonly { readonly start: number; readonly end: number }[];
      readonly headers: readonly { readonly name: string; readonly value: string }[];
    }
  | { readonly kind: 'tcp' }
  | { readonly kind: 'grpc'; readonly service: string };

export interface ActiveHealthCheck {
  readonly probe: ActiveCheckProbe;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly jitterPercent: number;
  readonly unhealthyThreshold: number;
  readonly healthyThreshold: number;
  readonly requireInitialSuccess: boolean;
  /** null = the endpoint's own port. */
  readonly port: number | null;
}

export interface PassiveHealthCheck {
  /** Consecutive errors; 0 = off. Gateway errors are 502, 503, 504 and failures to get a response. */
  readonly consecutive5xx: number;
  readonly consecutiveGatewayErrors: number;
  /** Percentage of requests that must succeed; 0 = off. Checked every `intervalMs`. */
  readonly successRateThreshold: number;
  readonly successRateWindowMs: number;
  readonly successRateMinRequests: number;
  /** Also the time without an ejection after which the ejection count decreases by one. */
  readonly intervalMs: number;
  /** Multiplied by the ejection count, up to `maxEjectionMs` (0 = no maximum). */
  readonly baseEjectionMs: number;
  readonly maxEjectionMs: number;
  /** Percentage of ready endpoints, at least one; never the last endpoint that can serve. 0 = none. */
  readonly maxEjectionPercent: number;
}

/** null = unlimited. */
export interface CircuitBreaker {
  readonly maxConnections: number | null;
  readonly maxPendingRequests: number | null;
  readonly maxParallelRequests: number | null;
  readonly maxParallelRetries: number | null;
}

export interface ConnectionPolicy {
  readonly connectTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly tcpIdleTimeoutMs: number;
  readonly maxDurationMs: number;
  readonly maxRequests: number;
  readonly keepaliveIdleMs: number;
}

export interface Http2Policy {
  readonly maxConcurrentStreams: number;
  readonly initialStreamWindowBytes: number;
  readonly pingIntervalMs: number;
  readonly pingTimeoutMs: number;
}

export interface PreferLocal {
  /** Minimum number in all zones together. */
  readonly minEndpoints: number;
  /** Percentage of requests that it applies to, 1 to 100. */
  readonly percent: number;
}

/** All settings of one connection pool. */
export interface ClusterPolicy {
  readonly connection: ConnectionPolicy;
  readonly loadBalancing: LoadBalancing;
  readonly slowStartMs: number;
  /** Endpoints of the proxy's own zone before others; null = off. */
  readonly preferLocal: PreferLocal | null;
  /** null = retries are not limited (GEP-3388 is opt-in). */
  readonly retryBudget: RetryBudget | null;
  readonly activeCheck: ActiveHealthCheck | null;
  readonly passiveCheck: PassiveHealthCheck | null;
  /** Percentage of healthy endpoints below which health is ignored; 0 = never. */
  readonly panicThresholdPercent: number;
  readonly circuitBreaker: CircuitBreaker;
  readonly http2: Http2Policy;
  readonly proxyProtocol: 'v1' | 'v2' | null;
}

export const DEFAULT_TIMEOUTS: Timeouts = { requestMs: 0, backendRequestMs: 0, streamIdleMs: 300_000 };

export const DEFAULT_REQUEST_POLICY: RequestPolicy = { timeouts: DEFAULT_TIMEOUTS, retry: null };

export const DEFAULT_CLUSTER_POLICY: ClusterPolicy = {
  connection: {
    connectTimeoutMs: 10_000,
    idleTimeoutMs: 60_000,
    tcpIdleTimeoutMs: 3_600_000,
    maxDurationMs: 0,
    maxRequests: 0,
    keepaliveIdleMs: 60_000,
  },
  loadBalancing: { kind: 'least-request' },
  slowStartMs: 0,
  preferLocal: null,
  retryBudget: null,
  activeCheck: null,
  passiveCheck: null,
  panicThresholdPercent: 50,
  circuitBreaker: {
    maxConnections: null,
    maxPendingRequests: null,
    maxParallelRequests: null,
    maxParallelRetries: null,
  },
  http2: {
    maxConcurrentStreams: 100,
    initialStreamWindowBytes: 262_144,
    pingIntervalMs: 30_000,
    pingTimeoutMs: 10_000,
  },
  proxyProtocol: null,
};
