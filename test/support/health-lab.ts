/** HTTP backends whose conduct a test changes as it goes, behind a proxy that is to notice. */
import type { TestContext } from 'node:test';
import type { Endpoint } from '../../src/ir/cluster.ts';
import type { GatewayConfig } from '../../src/ir/gateway-config.ts';
import {
  DEFAULT_CLUSTER_POLICY,
  type ActiveHealthCheck,
  type ClusterPolicy,
  type PassiveHealthCheck,
} from '../../src/ir/policy.ts';
import { testBackend, testCluster, testConfig, testEndpoint, type TestRule } from './gateway-config.ts';
import { ScriptedBackend } from './scripted-backend.ts';
import { TestProxy } from './test-proxy.ts';

/** A status to answer with; `reset` the connection; `hang` without a word. */
export type Conduct = number | 'reset' | 'hang';

export const CHECK_PATH = '/healthz';

export class ConductBackend {
  /** Toward requests. */
  conduct: Conduct = 200;
  /** Toward checks: requests for `CHECK_PATH`. */
  checkConduct: Conduct = 200;
  requests = 0;
  /** Heads of the checks that came. */
  readonly checks: string[] = [];
  readonly #server: ScriptedBackend;
  #onCheck: (() => void)[] = [];

  private constructor(server: ScriptedBackend) {
    this.#server = server;
  }

  static async start(t: TestContext): Promise<ConductBackend> {
    const server = await ScriptedBackend.start(async (connection) => {
      for (;;) {
        const head = await connection.readThrough('\r\n\r\n');
        const isCheck = head.includes(` ${CHECK_PATH} `);
        if (isCheck) backend.#checked(head);
        else backend.requests++;
        const conduct = isCheck ? backend.checkConduct : backend.conduct;
        if (conduct === 'hang') await connection.waitForClose();
        else if (conduct === 'reset') connection.socket.resetAndDestroy();
        else connection.send(`HTTP/1.1 ${conduct} X\r\ncontent-length: 2\r\n\r\nok`);
      }
    });
    const backend = new ConductBackend(server);
    t.after(() => server.stop());
    return backend;
  }

  #checked(head: string): void {
    this.checks.push(head);
    const waiting = this.#onCheck;
    this.#onCheck = [];
    for (const resolve of waiting) resolve();
  }

  /** Resolves when so many more checks have come. */
  async checked(count = 1): Promise<void> {
    for (const wanted = this.checks.length + count; this.checks.length < wanted;) {
      await new Promise<void>((resolve) => this.#onCheck.push(resolve));
    }
  }

  get port(): number {
    return this.#server.port;
  }
}

export const PASSIVE: PassiveHealthCheck = {
  consecutive5xx: 3,
  consecutiveGatewayErrors: 0,
  successRateThreshold: 0,
  successRateWindowMs: 10_000,
  successRateMinRequests: 5,
  intervalMs: 10_000,
  baseEjectionMs: 60_000,
  maxEjectionMs: 300_000,
  maxEjectionPercent: 50,
};

export const HTTP_CHECK: ActiveHealthCheck = {
  probe: {
    kind: 'http',
    path: CHECK_PATH,
    method: 'GET',
    hostname: '',
    expected: [{ start: 200, end: 399 }],
    headers: [],
  },
  intervalMs: 40,
  timeoutMs: 1_000,
  jitterPercent: 10,
  unhealthyThreshold: 2,
  healthyThreshold: 2,
  requireInitialSuccess: false,
  port: null,
};

/** Requests go round: every endpoint that takes any gets its share. */
export const ROUND_ROBIN: ClusterPolicy = {
  ...DEFAULT_CLUSTER_POLICY,
  loadBalancing: { kind: 'round-robin' },
};

/** One route to a cluster over these endpoints. */
export function healthConfig(
  endpoints: readonly (number | Endpoint)[],
  policy: Partial<ClusterPolicy>,
  rule: Partial<TestRule> = {},
): GatewayConfig {
  return testConfig({
    rules: [{ backends: [testBackend('a')], ...rule }],
    clusters: [testCluster('a', { policy: { ...ROUND_ROBIN, ...policy } })],
    endpoints: { a: endpoints.map((each) => (typeof each === 'number' ? testEndpoint(each) : each)) },
  });
}

export interface HealthLab {
  readonly proxy: TestProxy;
  readonly backends: readonly ConductBackend[];
  readonly config: (policy: Partial<ClusterPolicy>, only?: readonly ConductBackend[]) => GatewayConfig;
  /** Sends requests one after the other; their statuses. */
  readonly ask: (count: number) => Promise<readonly number[]>;
}

export async function healthLab(
  t: TestContext,
  count: number,
  policy: Partial<ClusterPolicy>,
  rule: Partial<TestRule> = {},
): Promise<HealthLab> {
  const backends: ConductBackend[] = [];
  for (let made = 0; made < count; made++) backends.push(await ConductBackend.start(t));
  const config: HealthLab['config'] = (next, only = backends) =>
    healthConfig(
      only.map(({ port }) => port),
      next,
      rule,
    );
  const proxy = await TestProxy.start(config(policy));
  t.after(() => proxy.stop());
  return { proxy, backends, config, ask: (times) => ask(proxy, times) };
}

async function ask(proxy: TestProxy, times: number): Promise<readonly number[]> {
  const statuses: number[] = [];
  const client = await proxy.connect();
  for (let sent = 0; sent < times; sent++) {
    client.send('GET / HTTP/1.1\r\nHost: a.example\r\n\r\n');
    statuses.push((await client.readResponse()).status);
  }
  client.destroy();
  return statuses;
}
