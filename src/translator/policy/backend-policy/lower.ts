/** Lowers merged policies, with defaults. Policies with unreadable values are not merged. */
import {
  DEFAULT_CLUSTER_POLICY,
  DEFAULT_TIMEOUTS,
  type ActiveCheckProbe,
  type ActiveHealthCheck,
  type CircuitBreaker,
  type ClusterPolicy,
  type ConnectionPolicy,
  type HashSource,
  type Http2Policy,
  type LoadBalancing,
  type PassiveHealthCheck,
  type RequestPolicy,
  type RetryBudget,
  type RetryPolicy,
  type RetryTrigger,
  type Timeouts,
  type PreferLocal,
} from '../../../ir/policy.ts';
import type { BackendSettings } from './backend-settings.ts';

/** No timeout by default: a hidden deadline would cut streams (HTTPRouteTimeouts). */
function lowerTimeouts({ timeouts = {} }: BackendSettings): Timeouts {
  return {
    requestMs: timeouts.request ?? DEFAULT_TIMEOUTS.requestMs,
    backendRequestMs: timeouts.backendRequest ?? DEFAULT_TIMEOUTS.backendRequestMs,
    streamIdleMs: timeouts.streamIdle ?? DEFAULT_TIMEOUTS.streamIdleMs,
  };
}

const TRIGGERS: Readonly<Record<string, RetryTrigger>> = {
  ConnectFailure: 'connect-failure',
  RefusedStream: 'refused-stream',
  Reset: 'reset',
  GatewayError: 'gateway-error',
  '5xx': '5xx',
  PerTryTimeout: 'per-try-timeout',
  RetriableCodes: 'retriable-codes',
};

/** https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
const GRPC_CODES: Readonly<Record<string, number>> = {
  Cancelled: 1,
  Unknown: 2,
  InvalidArgument: 3,
  DeadlineExceeded: 4,
  NotFound: 5,
  AlreadyExists: 6,
  PermissionDenied: 7,
  ResourceExhausted: 8,
  FailedPrecondition: 9,
  Aborted: 10,
  OutOfRange: 11,
  Unimplemented: 12,
  Internal: 13,
  Unavailable: 14,
  DataLoss: 15,
  Unauthenticated: 16,
};

export const DEFAULT_RETRY = {
  attempts: 2,
  on: ['ConnectFailure', 'RefusedStream', 'Reset'],
  backoffMs: 25,
  maxBackoffFactor: 10,
  honorRetryAfter: true,
  maxBodyBytes: 65_536,
} as const;

const IDEMPOTENCE = { Never: 'never', BeforeSend: 'before-send', Always: 'always' } as const;

/** Triggers may include names of gRPC codes. */
function lowerRetry({ retry }: BackendSettings, timeouts: Timeouts): RetryPolicy | null {
  if (retry === undefined) return null;
  const codes = retry.codes ?? [];
  const named = retry.retryOn ?? DEFAULT_RETRY.on;
  const on = new Set(named.flatMap((name) => TRIGGERS[name] ?? []));
  if (codes.length > 0) on.add('retriable-codes');
  const grpcCodes = new Set([...named, ...(retry.grpcCodes ?? [])].flatMap((name) => GRPC_CODES[name] ?? []));
  const backoffMs = retry.backoff ?? DEFAULT_RETRY.backoffMs;
  return {
    attempts: retry.attempts ?? DEFAULT_RETRY.attempts,
    on: [...on],
    codes,
    grpcCodes: [...grpcCodes],
    backoffMs,
    // Different policies may set the two fields; the maximum is never below the base.
    maxBackoffMs: Math.max(backoffMs, retry.maxBackoff ?? backoffMs * DEFAULT_RETRY.maxBackoffFactor),
    honorRetryAfter: retry.honorRetryAfter ?? DEFAULT_RETRY.honorRetryAfter,
    perTryTimeoutMs: retry.perTryTimeout ?? timeouts.backendRequestMs,
    nonIdempotent: IDEMPOTENCE[retry.nonIdempotent ?? 'BeforeSend'],
    maxBodyBytes: retry.maxBodySize ?? DEFAULT_RETRY.maxBodyBytes,
  };
}

export function lowerRequests(spec: BackendSettings): RequestPolicy {
  const timeouts = lowerTimeouts(spec);
  return { timeouts, retry: lowerRetry(spec, timeouts) };
}

/** `host`: the `Host` of health checks over HTTP. */
export function lowerPool(spec: BackendSettings, host: string): ClusterPolicy {
  const { healthCheck = {}, proxyProtocol, loadBalancer = {} } = spec;
  const fallback = DEFAULT_CLUSTER_POLICY;
  return {
    connection: lowerConnection(spec),
    loadBalancing: lowerLoadBalancing(spec),
    slowStartMs: loadBalancer.slowStart?.window ?? fallback.slowStartMs,
    preferLocal: lowerPreferLocal(spec),
    retryBudget: lowerRetryBudget(spec),
    activeCheck: lowerActiveCheck(spec, host),
    passiveCheck: lowerPassiveCheck(spec),
    panicThresholdPercent: healthCheck.panicThreshold ?? fallback.panicThresholdPercent,
    circuitBreaker: lowerCircuitBreaker(spec),
    http2: lowerHttp2(spec),
    proxyProtocol: proxyProtocol === undefined ? null : proxyProtocol.version === 'V1' ? 'v1' : 'v2',
  };
}

function lowerConnection({ connection = {} }: BackendSettings): ConnectionPolicy {
  const fallback = DEFAULT_CLUSTER_POLICY.connection;
  return {
    connectTimeoutMs: connection.connectTimeout ?? fallback.connectTimeoutMs,
    idleTimeoutMs: connection.idleTimeout ?? fallback.idleTimeoutMs,
    tcpIdleTimeoutMs: connection.tcpIdleTimeout ?? fallback.tcpIdleTimeoutMs,
    maxDurationMs: connection.maxDuration ?? fallback.maxDurationMs,
    maxRequests: connection.maxRequests ?? fallback.maxRequests,
    keepaliveIdleMs: connection.tcpKeepalive?.idleTime ?? fallback.keepaliveIdleMs,
  };
}

/** Without a policy nothing is limited. Fields that a `retryConstraint` omits default as in GEP-3388. */
function lowerRetryBudget({ retryConstraint }: BackendSettings): RetryBudget | null {
  if (retryConstraint === undefined) return null;
  const { budget, minRetryRate } = retryConstraint;
  return {
    percent: budget?.percent ?? 20,
    intervalMs: budget?.interval ?? 10_000,
    minRetryCount: minRetryRate?.count ?? 10,
    minRetryIntervalMs: minRetryRate?.interval ?? 1_000,
  };
}

const DEFAULT_TABLE_SIZE = 65_537;

function lowerLoadBalancing({ loadBalancer = {} }: BackendSettings): LoadBalancing {
  const { type, consistentHash } = loadBalancer;
  switch (type) {
    case 'RoundRobin':
      return { kind: 'round-robin' };
    case 'Random':
      return { kind: 'random' };
    case 'ConsistentHash':
      return {
        kind: 'consistent-hash',
        source: lowerHashSource(consistentHash),
        tableSize: consistentHash?.tableSize ?? DEFAULT_TABLE_SIZE,
      };
    case 'LeastRequest':
    case undefined:
      break;
  }
  return DEFAULT_CLUSTER_POLICY.loadBalancing;
}

function lowerHashSource(hash: NonNullable<BackendSettings['loadBalancer']>['consistentHash']): HashSource {
  const name = hash?.name ?? '';
  switch (hash?.type) {
    case 'Headers':
      return { kind: 'header', name: name.toLowerCase() };
    case 'Cookie':
      return { kind: 'cookie', name };
    case 'QueryParams':
      return { kind: 'query', name };
    case 'SourceIP':
    case undefined:
      return { kind: 'source-ip' };
  }
}

const DEFAULT_MIN_ENDPOINTS = 6;

function lowerPreferLocal({ loadBalancer = {} }: BackendSettings): PreferLocal | null {
  const preferLocal = loadBalancer.zoneAware?.preferLocal;
  if (preferLocal === undefined || preferLocal.percentageEnabled === 0) return null;
  const { minEndpointsThreshold = DEFAULT_MIN_ENDPOINTS, percentageEnabled = 100 } = preferLocal;
  return { minEndpoints: minEndpointsThreshold, percent: percentageEnabled };
}

const DEFAULT_ACTIVE = {
  intervalMs: 5_000,
  timeoutMs: 1_000,
  jitterPercent: 10,
  unhealthyThreshold: 3,
  healthyThreshold: 1,
} as const;

function lowerActiveCheck({ healthCheck = {} }: BackendSettings, host: string): ActiveHealthCheck | null {
  const { active } = healthCheck;
  const intervalMs = active?.interval ?? DEFAULT_ACTIVE.intervalMs;
  if (active === undefined || intervalMs === 0) return null;
  return {
    probe: lowerProbe(active, host),
    intervalMs,
    timeoutMs: active.timeout ?? DEFAULT_ACTIVE.timeoutMs,
    jitterPercent: active.jitter ?? DEFAULT_ACTIVE.jitterPercent,
    unhealthyThreshold: active.unhealthyThreshold ?? DEFAULT_ACTIVE.unhealthyThreshold,
    healthyThreshold: active.healthyThreshold ?? DEFAULT_ACTIVE.healthyThreshold,
    requireInitialSuccess: active.requireInitialSuccess ?? false,
    port: active.port ?? null,
  };
}

type ActiveSpec = NonNullable<NonNullable<BackendSettings['healthCheck']>['active']>;

const EXPECTED = [{ start: 200, end: 399 }] as const;

/** The Host of a check is the backend's own, never a route's: one check serves all routes. */
function lowerProbe({ type, http = {}, grpc = {} }: ActiveSpec, host: string): ActiveCheckProbe {
  switch (type) {
    case 'TCP':
      return { kind: 'tcp' };
    case 'GRPC':
      return { kind: 'grpc', service: grpc.service ?? '' };
    case 'HTTP':
      return {
        kind: 'http',
        path: http.path ?? '/',
        method: http.method ?? 'GET',
        hostname: http.hostname || host,
        expected: http.expectedStatuses ?? EXPECTED,
        headers: http.headers ?? [],
      };
  }
}

const DEFAULT_PASSIVE: PassiveHealthCheck = {
  consecutive5xx: 5,
  consecutiveGatewayErrors: 0,
  successRateThreshold: 0,
  successRateWindowMs: 10_000,
  successRateMinRequests: 5,
  intervalMs: 10_000,
  baseEjectionMs: 30_000,
  maxEjectionMs: 300_000,
  maxEjectionPercent: 50,
};

/** null if no detector is on. */
function lowerPassiveCheck({ healthCheck = {} }: BackendSettings): PassiveHealthCheck | null {
  const { passive } = healthCheck;
  if (passive === undefined) return null;
  const fallback = DEFAULT_PASSIVE;
  const { threshold, window, minRequests } = passive.successRate ?? {};
  const check: PassiveHealthCheck = {
    consecutive5xx: passive.consecutive5xx ?? fallback.consecutive5xx,
    consecutiveGatewayErrors: passive.consecutiveGatewayErrors ?? fallback.consecutiveGatewayErrors,
    successRateThreshold: threshold ?? fallback.successRateThreshold,
    successRateWindowMs: window ?? fallback.successRateWindowMs,
    successRateMinRequests: minRequests ?? fallback.successRateMinRequests,
    intervalMs: passive.interval ?? fallback.intervalMs,
    baseEjectionMs: passive.baseEjectionTime ?? fallback.baseEjectionMs,
    maxEjectionMs: passive.maxEjectionTime ?? fallback.maxEjectionMs,
    maxEjectionPercent: passive.maxEjectionPercent ?? fallback.maxEjectionPercent,
  };
  const isOff = check.consecutive5xx + check.consecutiveGatewayErrors + check.successRateThreshold === 0;
  return isOff ? null : check;
}

function lowerCircuitBreaker({ circuitBreaker = {} }: BackendSettings): CircuitBreaker {
  return {
    maxConnections: circuitBreaker.maxConnections ?? null,
    maxPendingRequests: circuitBreaker.maxPendingRequests ?? null,
    maxParallelRequests: circuitBreaker.maxParallelRequests ?? null,
    maxParallelRetries: circuitBreaker.maxParallelRetries ?? null,
  };
}

function lowerHttp2({ http2 = {} }: BackendSettings): Http2Policy {
  const fallback = DEFAULT_CLUSTER_POLICY.http2;
  return {
    maxConcurrentStreams: http2.maxConcurrentStreams ?? fallback.maxConcurrentStreams,
    initialStreamWindowBytes: http2.initialStreamWindowSize ?? fallback.initialStreamWindowBytes,
    pingIntervalMs: http2.pingInterval ?? fallback.pingIntervalMs,
    pingTimeoutMs: http2.pingTimeout ?? fallback.pingTimeoutMs,
  };
}
