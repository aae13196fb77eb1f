/** The fields of BackendPolicy: their defaults, units and the traffic that they apply to. */
import type { UpstreamProtocol } from '../../graph/nodes.ts';
import type { Unit } from '../../measures.ts';
import type { SettingField } from '../policy-settings.ts';

const HTTP: readonly UpstreamProtocol[] = ['http1', 'h2'];
const STREAMS: readonly UpstreamProtocol[] = ['http1', 'h2', 'tcp'];
const ALL: readonly UpstreamProtocol[] = ['http1', 'h2', 'tcp', 'udp'];
const POOLED: readonly UpstreamProtocol[] = ['http1', 'h2', 'udp'];

type FieldWith<FieldUnit> = SettingField & { readonly unit: FieldUnit };

const field = (fallback: string, protocols: readonly UpstreamProtocol[]): FieldWith<'plain'> => ({
  fallback,
  protocols,
  unit: 'plain',
});
const time = (fallback: string, protocols: readonly UpstreamProtocol[]): FieldWith<'duration'> => ({
  ...field(fallback, protocols),
  unit: 'duration',
});
const size = (fallback: string, protocols: readonly UpstreamProtocol[]): FieldWith<'bytes'> => ({
  ...field(fallback, protocols),
  unit: 'bytes',
});
const only = (base: FieldWith<'plain'>, on: string, value: string): FieldWith<'plain'> => ({
  ...base,
  needs: { field: on, value },
});

const HASH = 'loadBalancer.type';
const CHECK = 'healthCheck.active.type';
const SESSION = 'sessionPersistence.type';

const FIELDS = {
  'retry.attempts': field('2', HTTP),
  'retry.retryOn': field('[ConnectFailure, RefusedStream, Reset]', HTTP),
  'retry.codes': field('[]', HTTP),
  'retry.grpcCodes': field('[]', HTTP),
  'retry.backoff': time('25ms', HTTP),
  'retry.maxBackoff': time('10 × backoff', HTTP),
  'retry.honorRetryAfter': field('true', HTTP),
  'retry.perTryTimeout': time('timeouts.backendRequest', HTTP),
  'retry.nonIdempotent': field('BeforeSend', HTTP),
  'retry.maxBodySize': size('64Ki', HTTP),
  'timeouts.request': time('0s', HTTP),
  'timeouts.backendRequest': time('0s', HTTP),
  'timeouts.streamIdle': time('5m', HTTP),
  'connection.connectTimeout': time('10s', STREAMS),
  'connection.idleTimeout': time('60s', POOLED),
  'connection.tcpIdleTimeout': time('1h', STREAMS),
  'connection.maxDuration': time('0s', STREAMS),
  'connection.maxRequests': field('0', HTTP),
  'connection.tcpKeepalive.idleTime': time('60s', STREAMS),
  'connection.tcpKeepalive.interval': time("the system's", []),
  'connection.tcpKeepalive.probes': field("the system's", []),
  'retryConstraint.budget.percent': field('20', HTTP),
  'retryConstraint.budget.interval': time('10s', HTTP),
  'retryConstraint.minRetryRate.count': field('10', HTTP),
  'retryConstraint.minRetryRate.interval': time('1s', HTTP),
  'loadBalancer.type': field('LeastRequest', ALL),
  'loadBalancer.consistentHash.type': only(field('required', ALL), HASH, 'ConsistentHash'),
  'loadBalancer.consistentHash.name': only(field('required', HTTP), HASH, 'ConsistentHash'),
  'loadBalancer.consistentHash.tableSize': only(field('65537', ALL), HASH, 'ConsistentHash'),
  'loadBalancer.slowStart.window': time('0s', ALL),
  'loadBalancer.zoneAware.preferLocal.minEndpointsThreshold': field('6', ALL),
  'loadBalancer.zoneAware.preferLocal.percentageEnabled': field('100', ALL),
  'sessionPersistence.sessionName': field('sluice-RULE', HTTP),
  'sessionPersistence.type': field('Cookie', HTTP),
  'sessionPersistence.absoluteTimeout': time('0s', HTTP),
  'sessionPersistence.cookieConfig.lifetimeType': only(field('Session', HTTP), SESSION, 'Cookie'),
  'healthCheck.panicThreshold': field('50', ALL),
  'healthCheck.active.type': field('required', ALL),
  'healthCheck.active.interval': time('5s', ALL),
  'healthCheck.active.timeout': time('1s', ALL),
  'healthCheck.active.jitter': field('10', ALL),
  'healthCheck.active.unhealthyThreshold': field('3', ALL),
  'healthCheck.active.healthyThreshold': field('1', ALL),
  'healthCheck.active.requireInitialSuccess': field('false', ALL),
  'healthCheck.active.port': field("the endpoint's", ALL),
  'healthCheck.active.http.path': only(field('/', ALL), CHECK, 'HTTP'),
  'healthCheck.active.http.method': only(field('GET', ALL), CHECK, 'HTTP'),
  'healthCheck.active.http.hostname': only(field('SERVICE.NAMESPACE.svc', ALL), CHECK, 'HTTP'),
  'healthCheck.active.http.expectedStatuses': only(field('[{start: 200, end: 399}]', ALL), CHECK, 'HTTP'),
  'healthCheck.active.http.headers': only(field('[]', ALL), CHECK, 'HTTP'),
  'healthCheck.active.grpc.service': only(field('the server as a whole', ALL), CHECK, 'GRPC'),
  'healthCheck.active.tcp': only(field('{}', ALL), CHECK, 'TCP'),
  'healthCheck.passive.consecutive5xx': field('5', ALL),
  'healthCheck.passive.consecutiveGatewayErrors': field('0', ALL),
  'healthCheck.passive.successRate.threshold': field('0', ALL),
  'healthCheck.passive.successRate.window': time('10s', ALL),
  'healthCheck.passive.successRate.minRequests': field('5', ALL),
  'healthCheck.passive.interval': time('10s', ALL),
  'healthCheck.passive.baseEjectionTime': time('30s', ALL),
  'healthCheck.passive.maxEjectionTime': time('5m', ALL),
  'healthCheck.passive.maxEjectionPercent': field('50', ALL),
  'circuitBreaker.maxConnections': field('unlimited', STREAMS),
  'circuitBreaker.maxPendingRequests': field('unlimited', HTTP),
  'circuitBreaker.maxParallelRequests': field('unlimited', HTTP),
  'circuitBreaker.maxParallelRetries': field('unlimited', HTTP),
  'http2.maxConcurrentStreams': field('100', ['h2']),
  'http2.initialStreamWindowSize': size('256Ki', ['h2']),
  'http2.pingInterval': time('30s', ['h2']),
  'http2.pingTimeout': time('10s', ['h2']),
  'proxyProtocol.version': field('none', STREAMS),
};

/** By path below `spec`, in the order of the schema. Lists are one field. */
export const POLICY_FIELDS: Readonly<Record<string, SettingField>> = FIELDS;

type Fields = typeof FIELDS;

/** Paths of durations and sizes. */
export type MeasuredPath = {
  [Path in keyof Fields]: Fields[Path]['unit'] extends Unit ? Path : never;
}[keyof Fields];

export const POLICY_UNITS = Object.fromEntries(
  Object.entries(POLICY_FIELDS).flatMap(([path, { unit }]) => (unit === 'plain' ? [] : [[path, unit]])),
) as Readonly<Record<MeasuredPath, Unit>>;
