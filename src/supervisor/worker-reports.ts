/**
 * Schemas of the messages of workers to the supervisor. Workers hold client connections and may be compromised by what they are
 * sent; a worker that sends anything else is replaced.
 */
import { REASONS, type ReasonCode } from '../ir/reason.ts';
import { origin, ruleOrigin } from '../configsync/messages.ts';
import {
  clippedText,
  flag,
  integer,
  list,
  measure,
  nullable,
  object,
  oneOf,
  record,
  ShapeError,
  text,
  variants,
  type Shape,
} from '../lib/shape.ts';
import { BREAKER_LIMITS, type BreakerLimit } from '../proxy/upstream/circuit-breaker.ts';
import type { CheckOutcome } from '../proxy/upstream/health/health-counters.ts';
import type { EjectionCause } from '../proxy/upstream/health/outlier.ts';
import type { PolicyRefusalStats } from '../proxy/exchange/policy-refusals.ts';
import { RETRY_REASONS } from '../proxy/exchange/retry.ts';
import { MAX_REPORTS, type LeaseReport } from '../proxy/limits/limit.ts';
import type { StreamStats } from '../proxy/l4/stream-counters.ts';
import { TLS_FAILURES, type TlsFailure } from '../proxy/net/tls-failure.ts';
import type {
  ClusterHealthStats,
  ClusterStats,
  EndpointOut,
  UnreachableEndpoint,
} from '../proxy/upstream/cluster-stats.ts';
import type { HistogramSnapshot, RequestStats } from '../proxy/exchange/request-stats.ts';
import type { PortClaim } from '../proxy/port/port-options.ts';
import type { ProxyStats } from '../proxy/proxy-api.ts';
import type { TlsStats } from '../proxy/port/tls-stats.ts';
import type { LogFields } from '../telemetry/logger.ts';
import {
  keySetIdShape,
  limitId,
  limitKey,
  MESSAGE_LENGTH,
  type FromWorker,
  type WorkerStats,
} from './worker-messages.ts';

/** Rows of one kind: every rule with every backend of a large configuration. */
const ROWS = 4_000_000;
const LABELS = 64;
const COUNT = integer(0, Number.MAX_SAFE_INTEGER);
const words = clippedText(MESSAGE_LENGTH);
const port = integer(0, 65_535);
const name = text(1_024);

const keysOf = <Key extends string>(table: Readonly<Record<Key, unknown>>): Shape<Key> =>
  oneOf(...(Object.keys(table) as Key[]));
const byReason = record<ReasonCode, number>(keysOf(REASONS), measure, LABELS);

const histogram: Shape<HistogramSnapshot> = object<HistogramSnapshot>({
  boundsMs: list(measure, LABELS),
  counts: list(measure, LABELS),
  sumMs: measure,
});

const requestStats: Shape<RequestStats> = object<RequestStats>({
  gateway: nullable(origin),
  listener: nullable(origin),
  rule: nullable(ruleOrigin),
  backend: nullable(origin),
  byClass: list(measure, LABELS),
  byReason,
  requestBytes: measure,
  responseBytes: measure,
  retries: record(oneOf(...RETRY_REASONS), measure, LABELS),
  duration: histogram,
});

const endpointOut: Shape<EndpointOut> = object<EndpointOut>({
  endpoint: name,
  cause: oneOf(
    'draining',
    'check_pending',
    'check_failing',
    'consecutive_5xx',
    'gateway_errors',
    'success_rate',
  ),
  detail: words,
  forMs: measure,
});

const unreachableEndpoint: Shape<UnreachableEndpoint> = object<UnreachableEndpoint>({
  endpoint: name,
  failures: measure,
  forMs: measure,
});

const clusterHealth: Shape<ClusterHealthStats> = object<ClusterHealthStats>({
  out: list(endpointOut, ROWS),
  isChecked: flag,
  unreachable: list(unreachableEndpoint, ROWS),
  reachable: list(name, ROWS),
  isPanicking: flag,
  ejections: object<Record<EjectionCause, number>>({
    consecutive_5xx: measure,
    gateway_errors: measure,
    success_rate: measure,
  }),
  checks: object<Record<CheckOutcome, number>>({
    passed: measure,
    connect_failed: measure,
    timeout: measure,
    reset: measure,
    invalid: measure,
    status: measure,
    not_serving: measure,
  }),
});

const clusterStats: Shape<ClusterStats> = object<ClusterStats>({
  cluster: name,
  origin,
  endpoints: measure,
  connections: measure,
  idleConnections: measure,
  activeRequests: measure,
  connectFailures: measure,
  health: clusterHealth,
  pendingRequests: measure,
  overflows: object<Record<BreakerLimit, number>>({
    connections: measure,
    pending: measure,
    requests: measure,
    retries: measure,
  }),
  openBreakers: list(oneOf(...BREAKER_LIMITS), LABELS),
  refusedRetries: measure,
});

const policyRefusalStats: Shape<PolicyRefusalStats> = object<PolicyRefusalStats>({
  gateway: origin,
  policy: origin,
  rule: name,
  reason: keysOf(REASONS),
  mode: oneOf('enforce', 'audit'),
  count: measure,
});

const streamStats: Shape<StreamStats> = object<StreamStats>({
  protocol: oneOf('tcp', 'tls', 'udp'),
  gateway: origin,
  listener: origin,
  rule: nullable(ruleOrigin),
  backend: nullable(origin),
  total: measure,
  active: measure,
  receivedBytes: measure,
  sentBytes: measure,
  retries: measure,
  byReason,
});

const tlsStats: Shape<TlsStats> = object<TlsStats>({
  gateway: origin,
  port,
  handshakes: measure,
  resumed: measure,
  passedThrough: measure,
  failures: record<TlsFailure, number>(keysOf(TLS_FAILURES), measure, LABELS),
});

const proxyStats: Shape<ProxyStats> = object<ProxyStats>({
  requests: list(requestStats, ROWS),
  clusters: list(clusterStats, ROWS),
  downstream: object<ProxyStats['downstream']>({
    openConnections: measure,
    acceptedConnections: measure,
    activeRequests: measure,
  }),
  refused: byReason,
  policyRefusals: list(policyRefusalStats, ROWS),
  streams: list(streamStats, ROWS),
  tls: list(tlsStats, ROWS),
  mirrors: object<ProxyStats['mirrors']>({ sent: measure, dropped: measure }),
});

const workerStats: Shape<WorkerStats> = object<WorkerStats>({
  proxy: proxyStats,
  residentBytes: measure,
  cpuSeconds: measure,
  accessLogDropped: measure,
});

const logField: Shape<LogFields[string]> = (value) => {
  if (typeof value === 'string') return words(value);
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  if (value === null || value === undefined) return value;
  throw new ShapeError(' is not a field of a log line');
};

/** More than any bucket has. */
const TOKENS = integer(0, 2 ** 31);

const leaseReport: Shape<LeaseReport> = object<LeaseReport>({
  limit: limitId,
  key: limitKey,
  wanted: TOKENS,
  spent: TOKENS,
  returned: TOKENS,
  answersRecall: flag,
});

type Said<Kind extends FromWorker['kind']> = Extract<FromWorker, { readonly kind: Kind }>;

/** What a worker reads of a request: a head is shorter. */
const CREDENTIAL_LENGTH = 4_096;

export const fromWorker: Shape<FromWorker> = variants<FromWorker>({
  'refetch-key-set': object<Said<'refetch-key-set'>>({
    kind: oneOf('refetch-key-set'),
    id: COUNT,
    keySet: keySetIdShape,
  }),
  'check-password': object<Said<'check-password'>>({
    kind: oneOf('check-password'),
    id: COUNT,
    question: object<Said<'check-password'>['question']>({
      hash: text(CREDENTIAL_LENGTH),
      password: text(CREDENTIAL_LENGTH),
      isUnknownUser: flag,
      client: text(CREDENTIAL_LENGTH),
    }),
  }),
  pong: object<Said<'pong'>>({ kind: oneOf('pong'), id: COUNT }),
  stats: object<Said<'stats'>>({ kind: oneOf('stats'), id: COUNT, stats: workerStats }),
  claim: object<Said<'claim'>>({
    kind: oneOf('claim'),
    id: COUNT,
    claim: object<PortClaim>({ transport: oneOf('tcp', 'udp'), address: name, port, listenerPort: port }),
  }),
  leases: object<Said<'leases'>>({ kind: oneOf('leases'), reports: list(leaseReport, MAX_REPORTS) }),
  log: object<Said<'log'>>({
    kind: oneOf('log'),
    level: oneOf('debug', 'info', 'warn', 'error'),
    message: words,
    fields: record(name, logField, LABELS),
  }),
  failed: object<Said<'failed'>>({ kind: oneOf('failed'), error: words }),
  drained: object<Said<'drained'>>({ kind: oneOf('drained'), stats: workerStats }),
});
