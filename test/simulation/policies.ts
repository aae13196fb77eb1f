/** Configurations drawn at random: two backends that share endpoints, with policies of every kind. */
import type { GatewayConfig } from '../../src/ir/gateway-config.ts';
import {
  DEFAULT_CLUSTER_POLICY,
  DEFAULT_TIMEOUTS,
  type ActiveHealthCheck,
  type ClusterPolicy,
  type LoadBalancing,
  type PassiveHealthCheck,
  type RetryPolicy,
  type RetryTrigger,
} from '../../src/ir/policy.ts';
import type { Endpoint } from '../../src/ir/cluster.ts';
import { testBackend, testCluster, testConfig } from '../support/gateway-config.ts';
import { HTTP_CHECK, PASSIVE } from '../support/health-lab.ts';
import type { SeededRandom } from './random.ts';

export const BACKENDS = ['a', 'b'] as const;
export type BackendName = (typeof BACKENDS)[number];
export const HOST = (name: BackendName): string => `${name}.example`;

export type Lists = Readonly<Record<BackendName, readonly Endpoint[]>>;

export function drawEndpoints(random: SeededRandom): readonly Endpoint[] {
  const endpoints: Endpoint[] = [];
  for (let host = 1; host <= 6; host++) {
    if (random.chance(0.4)) continue;
    const state = random.chance(0.15) ? 'draining' : 'ready';
    endpoints.push({ address: `10.0.0.${host}`, port: 80, state, zone: null });
  }
  return endpoints;
}

/** The same without active checks, so the simulation becomes idle. */
export function unchecked(config: GatewayConfig): GatewayConfig {
  return {
    ...config,
    clusters: config.clusters.map((each) => ({ ...each, policy: { ...each.policy, activeCheck: null } })),
  };
}

export function drawConfig(random: SeededRandom, lists: Lists): GatewayConfig {
  return testConfig({
    rules: BACKENDS.map((name) => ({
      hostname: HOST(name),
      backends: [testBackend(name)],
      retry: random.chance(0.3) ? null : drawRetry(random),
      timeouts: {
        ...DEFAULT_TIMEOUTS,
        requestMs: random.of([0, 500, 5_000]),
        backendRequestMs: random.of([0, 200]),
      },
    })),
    clusters: BACKENDS.map((name) => testCluster(name, { policy: drawPolicy(random) })),
    endpoints: lists,
  });
}

function drawRetry(random: SeededRandom): RetryPolicy {
  return {
    attempts: random.between(0, 4),
    on: random.of<readonly RetryTrigger[]>([
      ['connect-failure', 'refused-stream', 'reset'],
      ['5xx', 'gateway-error', 'per-try-timeout'],
      ['connect-failure'],
    ]),
    codes: random.of([[], [503]]),
    grpcCodes: [],
    backoffMs: random.of([0, 25]),
    maxBackoffMs: 250,
    honorRetryAfter: false,
    perTryTimeoutMs: random.of([0, 100]),
    nonIdempotent: random.of(['never', 'before-send']),
    maxBodyBytes: 65_536,
  };
}

function drawPolicy(random: SeededRandom): ClusterPolicy {
  const balancing = random.of<LoadBalancing>([
    { kind: 'round-robin' },
    { kind: 'least-request' },
    { kind: 'random' },
    { kind: 'consistent-hash', source: { kind: 'source-ip' }, tableSize: 1_021 },
  ]);
  return {
    ...DEFAULT_CLUSTER_POLICY,
    loadBalancing: balancing,
    panicThresholdPercent: random.of([0, 0, 34, 50, 100]),
    activeCheck: random.chance(0.3) ? null : drawActive(random),
    retryBudget: {
      percent: random.of([0, 20, 50]),
      intervalMs: 2_000,
      minRetryCount: random.of([0, 2]),
      minRetryIntervalMs: 1_000,
    },
    passiveCheck: random.chance(0.3) ? null : drawPassive(random),
  };
}

function drawActive(random: SeededRandom): ActiveHealthCheck {
  return {
    ...HTTP_CHECK,
    intervalMs: random.of([200, 1_000]),
    timeoutMs: random.of([50, 500]),
    jitterPercent: random.of([0, 10, 50]),
    unhealthyThreshold: random.between(1, 3),
    healthyThreshold: random.between(1, 3),
    requireInitialSuccess: random.chance(0.2),
  };
}

function drawPassive(random: SeededRandom): PassiveHealthCheck {
  return {
    ...PASSIVE,
    consecutive5xx: random.of([0, 1, 3]),
    consecutiveGatewayErrors: random.of([0, 2]),
    successRateThreshold: random.of([0, 80]),
    successRateWindowMs: 2_000,
    intervalMs: 1_000,
    baseEjectionMs: random.of([500, 5_000]),
    maxEjectionMs: 20_000,
    maxEjectionPercent: random.of([10, 50, 100]),
  };
}
