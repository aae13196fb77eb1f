/** A data plane on free ports of the loopback address, for tests. */
import type { TestContext } from 'node:test';
import type { ClientLimits } from '../../src/ir/client-limits.ts';
import type { GatewayConfig, ProxySettings } from '../../src/ir/gateway-config.ts';
import { DEFAULT_CLUSTER_POLICY, type ClusterPolicy } from '../../src/ir/policy.ts';
import { accessRecord, type AccessRecord } from '../../src/proxy/exchange/access-record.ts';
import type { ExchangeObserver } from '../../src/proxy/exchange/exchange-observer.ts';
import { traceparentOf } from '../../src/proxy/message/forwarding.ts';
import type { Proxy, ProxyDeps, ProxyOptions } from '../../src/proxy/proxy-api.ts';
import { createProxy } from '../../src/proxy/proxy.ts';
import { SILENT_LOGGER } from '../../src/telemetry/logger.ts';
import { TEST_PORT, testBackend, testCluster, testConfig, type TestRule } from './gateway-config.ts';
import { RawClient } from './raw-client.ts';
import { ScriptedBackend, type Script } from './scripted-backend.ts';

type TestProxyOptions = Partial<ProxyOptions> & Pick<ProxyDeps, 'filters'>;

export class TestProxy {
  readonly proxy: Proxy;
  /** Every finished exchange. */
  readonly records: AccessRecord[] = [];
  #port = 0;
  /** For every configuration that is applied; empty: those of each configuration. */
  readonly #limits: Partial<ClientLimits>;

  private constructor(
    limits: Partial<ClientLimits>,
    { filters, ...more }: TestProxyOptions,
    observers: readonly ExchangeObserver[],
  ) {
    this.#limits = limits;
    const recorder: ExchangeObserver = {
      requestStarted: (exchange, head) => {
        exchange.traceparent = traceparentOf(head);
      },
      requestFinished: (exchange, nowMs) => {
        this.records.push(accessRecord(exchange, nowMs));
      },
    };
    const options = {
      bindAddress: '127.0.0.1',
      portMap: new Map([[TEST_PORT, 0]]),
      reusePort: false,
      ...more,
    };
    const deps = { logger: SILENT_LOGGER, observers: [recorder, ...observers] };
    this.proxy = createProxy(filters === undefined ? deps : { ...deps, filters }, options);
  }

  static async start(
    config: GatewayConfig,
    limits: Partial<ClientLimits> = {},
    more: TestProxyOptions = {},
    observers: readonly ExchangeObserver[] = [],
  ): Promise<TestProxy> {
    const started = new TestProxy(limits, more, observers);
    await started.apply(config);
    return started;
  }

  async apply(...configs: GatewayConfig[]): Promise<void> {
    const { ports } = await this.proxy.apply(configs.map((config) => this.#withLimits(config)));
    for (const { error } of ports) if (error !== null) throw new Error(error);
    this.#port = ports[0]?.boundPort ?? 0;
  }

  #withLimits(config: GatewayConfig): GatewayConfig {
    if (Object.keys(this.#limits).length === 0) return config;
    const limits = { ...config.settings.limits, ...this.#limits };
    return { ...config, settings: { ...config.settings, limits } };
  }

  get port(): number {
    return this.#port;
  }

  async connect(): Promise<RawClient> {
    return RawClient.connect(this.#port);
  }

  async stop(): Promise<void> {
    await this.proxy.stop();
  }
}

/** A proxy in front of one scripted backend, gone when the test is. */
export interface OneBackend {
  readonly proxy: TestProxy;
  readonly backend: ScriptedBackend;
}

export interface OneBackendOptions {
  readonly script?: Script | null;
  readonly rule?: Omit<TestRule, 'backends'>;
  readonly limits?: Partial<ClientLimits>;
  readonly settings?: Partial<ProxySettings>;
  readonly policy?: Partial<ClusterPolicy>;
}

export async function oneBackend(t: TestContext, options: OneBackendOptions = {}): Promise<OneBackend> {
  const backend = await ScriptedBackend.start(options.script ?? null);
  const policy = { ...DEFAULT_CLUSTER_POLICY, ...options.policy };
  const config = testConfig({
    rules: [{ backends: [testBackend('a')], ...options.rule }],
    clusters: [testCluster('a', { policy })],
    endpoints: { a: [backend.port] },
    settings: options.settings ?? {},
  });
  const proxy = await TestProxy.start(config, options.limits);
  t.after(async () => {
    await proxy.stop();
    await backend.stop();
  });
  return { proxy, backend };
}
