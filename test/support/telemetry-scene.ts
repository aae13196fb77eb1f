/** A data plane and a controller of which every metric has a sample. */
import type { StatusReport } from '../../src/admin/status-report.ts';
import type { ControllerState } from '../../src/controller/controller-metrics.ts';
import { gatewayDataPlane } from '../../src/ir/data-plane-id.ts';
import type { ProxyStats } from '../../src/proxy/proxy-api.ts';
import { assembleSnapshot } from '../../src/provider/file/assemble.ts';
import type { PoolStats } from '../../src/supervisor/worker-pool.ts';

export const rule = { kind: 'HTTPRoute', namespace: 'default', name: 'shop', index: 2 };
export const gateway = { kind: 'Gateway', namespace: 'default', name: 'web' };
export const listener = { ...gateway, section: 'http' };
export const backend = { kind: 'Service', namespace: 'default', name: 'api', section: '8080' };

export const STATS: ProxyStats = {
  requests: [
    {
      gateway,
      listener,
      rule,
      backend,
      byClass: [0, 0, 3, 0, 0, 1],
      byReason: { no_endpoints: 1 },
      requestBytes: 10,
      responseBytes: 20,
      retries: { connect: 1 },
      duration: { boundsMs: [1, 10, Infinity], counts: [1, 3, 4], sumMs: 30 },
    },
  ],
  clusters: [
    {
      cluster: 'c',
      origin: backend,
      endpoints: 1,
      connections: 2,
      idleConnections: 1,
      activeRequests: 1,
      connectFailures: 0,
      health: {
        out: [
          { endpoint: '10.0.0.1:80', cause: 'check_failing', detail: 'it responded with 503', forMs: 1_000 },
        ],
        isChecked: true,
        unreachable: [],
        reachable: [],
        isPanicking: false,
        ejections: { consecutive_5xx: 1, gateway_errors: 0, success_rate: 0 },
        checks: {
          passed: 3,
          connect_failed: 0,
          timeout: 0,
          reset: 0,
          invalid: 0,
          status: 2,
          not_serving: 0,
        },
      },
      pendingRequests: 1,
      overflows: { connections: 0, pending: 1, requests: 0, retries: 0 },
      openBreakers: ['connections'],
      refusedRetries: 1,
    },
  ],
  downstream: { openConnections: 1, acceptedConnections: 2, activeRequests: 1 },
  refused: { bad_request: 1 },
  policyRefusals: [
    {
      gateway,
      policy: { kind: 'AccessPolicy', namespace: 'default', name: 'office' },
      rule: '',
      reason: 'auth_denied',
      mode: 'audit',
      count: 2,
    },
  ],
  streams: [
    {
      protocol: 'tcp',
      gateway,
      listener,
      rule,
      backend,
      total: 2,
      active: 1,
      receivedBytes: 10,
      sentBytes: 20,
      retries: 1,
      byReason: { connect_failed: 1 },
    },
  ],
  tls: [{ gateway, port: 443, handshakes: 3, resumed: 1, passedThrough: 1, failures: { timeout: 1 } }],
  mirrors: { sent: 1, dropped: 0 },
};

export const POOL: PoolStats = {
  proxies: [STATS],
  workers: [
    {
      index: 1,
      stats: { proxy: STATS, residentBytes: 1, cpuSeconds: 0.5, accessLogDropped: 0 },
      heartbeatMs: 1,
    },
    {
      index: 2,
      stats: { proxy: STATS, residentBytes: 2, cpuSeconds: 0.25, accessLogDropped: 3 },
      heartbeatMs: null,
    },
  ],
  restarts: 1,
  limits: [
    {
      gateway,
      policy: { kind: 'RateLimitPolicy', namespace: 'default', name: 'limits' },
      limit: 'per-client',
      keys: 2,
      evicted: 1,
    },
  ],
  stuck: 1,
  accessLogDropped: 3,
};

export const STATUS: StatusReport = {
  version: '1',
  startedAt: '2026-01-01T00:00:00Z',
  ready: true,
  notReady: null,
  reconciling: { failures: 0, consecutive: 0, error: null },
  workers: { expected: 2, serving: 2, restarts: 1, pids: [1, 2] },
  gateways: [],
  routes: [],
  others: [],
  findings: [],
};

export const CONTROLLER: ControllerState = {
  isLeader: true,
  reconciliations: 7,
  health: { failures: 1, consecutive: 0, error: null },
  last: {
    snapshot: assembleSnapshot([]),
    inputFindings: [],
    observations: {
      dataPlanes: [
        {
          dataPlane: gatewayDataPlane({ namespace: 'default', name: 'web' }),
          addresses: [],
          acknowledged: { version: 'v', generation: 1, proxies: 1, expected: 2 },
          failedPorts: [],
          refused: 'port 80 is taken',
        },
      ],
    },
    result: { configs: [], infra: [], statuses: [], findings: [], policies: [] },
    revision: 1,
  },
  residentBytes: 1,
  cpuSeconds: 0.5,
};
