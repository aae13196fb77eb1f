/** What a swap compiles, and what it takes over. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { testAttachment } from '../../../test/support/attachment.ts';
import {
  testBackend,
  testCluster,
  testConfig,
  type TestGateway,
} from '../../../test/support/gateway-config.ts';
import { originOfAttachment } from '../../ir/attachment-point.ts';
import type { Cluster } from '../../ir/cluster.ts';
import type { GatewayConfig } from '../../ir/gateway-config.ts';
import { listenerId, type RuleId } from '../../ir/ids.ts';
import { SILENT_LOGGER } from '../../telemetry/logger.ts';
import { ClusterRegistry } from '../upstream/cluster-registry.ts';
import { Http1Protocol } from '../upstream/pool-h1.ts';
import { CounterRegistry } from '../exchange/request-counters.ts';
import { FILTERS } from '../filter/filters.ts';
import { StreamCounterRegistry } from '../l4/stream-counters.ts';
import { testLeases } from '../../../test/support/test-leases.ts';
import { TimerWheel } from '../net/timer-wheel.ts';
import { compileRegex } from '../router/regex.ts';
import { NO_CREDENTIALS } from '../../../test/support/no-credentials.ts';
import { RefusalRegistry } from '../exchange/policy-refusals.ts';
import type { CompiledRule } from '../exchange/compiled-rule.ts';
import { compileRuntime, EMPTY_RUNTIME, type CompilerDeps, type Runtime } from './runtime.ts';

const GATEWAY: TestGateway = {
  rules: ['a', 'b', 'c'].map((name) => ({ hostname: `${name}.example.com`, backends: [testBackend(name)] })),
  clusters: ['a', 'b', 'c'].map((name) => testCluster(name)),
};

class Bench {
  readonly #wheel = new TimerWheel();
  readonly deps: CompilerDeps = {
    clusters: new ClusterRegistry({
      logger: SILENT_LOGGER,
      protocolOf: (cluster: Cluster) => new Http1Protocol(cluster.policy.connection, this.#wheel),
      wheel: this.#wheel,
    }),
    counters: new CounterRegistry(),
    refusals: new RefusalRegistry(),
    leases: testLeases(),
    ...NO_CREDENTIALS,
    streamCounters: new StreamCounterRegistry(),
    filters: FILTERS,
    regex: compileRegex,
  };
  runtime: Runtime = EMPTY_RUNTIME;

  swap(config: GatewayConfig, fails = false): void {
    const { clusters, counters, streamCounters } = this.deps;
    clusters.beginUpdate();
    counters.beginUpdate();
    streamCounters.beginUpdate();
    const input = { configs: [config], defaultAddress: '', before: this.runtime };
    const runtime = compileRuntime(input, this.deps);
    if (fails) return;
    this.runtime = runtime;
    clusters.endUpdate();
    counters.endUpdate();
    streamCounters.endUpdate();
  }

  /** The rule that answers for this host. */
  rule(name: string): CompiledRule {
    const [port] = this.runtime.ports.values();
    const view = {
      method: 'GET',
      host: `${name}.example.com`,
      path: '/',
      query: '',
      header: () => undefined,
    };
    const { rule } = port?.router.match(view, null) ?? { rule: null };
    assert.ok(rule !== null, `no rule for ${name}`);
    return rule;
  }

  stop(): void {
    this.deps.clusters.destroy();
    this.#wheel.stop();
  }
}

const withRules = (
  config: GatewayConfig,
  change: (rule: GatewayConfig['rules'][number], at: number) => GatewayConfig['rules'][number] | null,
): GatewayConfig => ({ ...config, rules: config.rules.flatMap((rule, at) => change(rule, at) ?? []) });

suite('swap of configurations', () => {
  test('a rule that changed is compiled, and no other', (t) => {
    const bench = new Bench();
    t.after(() => {
      bench.stop();
    });
    const first = testConfig(GATEWAY);
    bench.swap(first);
    const before = { a: bench.rule('a'), b: bench.rule('b'), c: bench.rule('c') };
    bench.swap(
      withRules(first, (rule, at) =>
        at === 1 ? { ...rule, timeouts: { ...rule.timeouts, requestMs: 7 } } : rule,
      ),
    );
    assert.equal(bench.rule('a'), before.a);
    assert.equal(bench.rule('c'), before.c);
    assert.equal(bench.rule('b').config.timeouts.requestMs, 7);
    assert.equal(bench.rule('b').counters, before.b.counters, 'counting goes on');
  });

  test('a cluster that changed is replaced in the rules that use it, and in no other', (t) => {
    const bench = new Bench();
    t.after(() => {
      bench.stop();
    });
    const first = testConfig(GATEWAY);
    bench.swap(first);
    const before = { a: bench.rule('a'), b: bench.rule('b') };
    const clusters = first.clusters.map((cluster) =>
      cluster.id === 'b' ? { ...cluster, protocol: 'h2' as const } : cluster,
    );
    bench.swap({ ...first, clusters });
    assert.equal(bench.rule('a'), before.a);
    assert.equal(bench.rule('b').backends[0]?.cluster?.config.protocol, 'h2');
    assert.equal(bench.rule('b').backends[0]?.counters, before.b.backends[0]?.counters);
    bench.swap({ ...first, clusters: clusters.filter(({ id }) => id !== 'b') });
    assert.equal(bench.rule('b').backends[0]?.cluster, null, 'a cluster that is gone is used no longer');
    assert.deepEqual(
      bench.deps.clusters.clusters.map(({ config }) => config.id),
      ['a', 'c'],
    );
  });

  const UNKNOWN = [{ kind: 'captcha', settings: {}, from: [] }];
  const carriers: readonly (readonly [carrier: string, change: (config: GatewayConfig) => GatewayConfig])[] =
    [
      ['rule', (config) => withRules(config, (rule) => ({ ...rule, policies: UNKNOWN }))],
      [
        'backend',
        (config) =>
          withRules(config, ({ action, ...rule }) => ({
            ...rule,
            action: {
              kind: 'forward',
              backends: (action.kind === 'forward' ? action.backends : []).map((backend) =>
                backend.kind === 'cluster' ? { ...backend, policies: UNKNOWN } : backend,
              ),
            },
          })),
      ],
      [
        'listener',
        (config) => ({
          ...config,
          ports: config.ports.map((port) => ({
            ...port,
            listeners: port.listeners.map((listener) => ({ ...listener, policies: UNKNOWN })),
          })),
        }),
      ],
      [
        'port',
        (config) => ({ ...config, ports: config.ports.map((port) => ({ ...port, policies: UNKNOWN })) }),
      ],
    ];
  for (const [carrier, change] of carriers) {
    test(`a policy of a kind that is not known closes the ${carrier} that carries it`, (t) => {
      const bench = new Bench();
      t.after(() => {
        bench.stop();
      });
      const open = testConfig(GATEWAY);
      bench.swap(open);
      bench.swap(change(open));
      assert.equal(bench.rule('a').refusal, 'invalid_rule');
      const [gateway] = bench.runtime.gateways.values();
      assert.match(gateway?.problems[0]?.message ?? '', /of kind captcha$/);
      bench.swap(open);
      assert.equal(bench.rule('a').refusal, null);
    });
  }

  test('a rule that cannot be compiled answers 500 and is reported; the others are served', (t) => {
    const bench = new Bench();
    t.after(() => {
      bench.stop();
    });
    const { clusters } = bench.deps;
    const get = clusters.get.bind(clusters);
    clusters.get = (config, certificate) => {
      if (config.id === 'b') throw new Error('no such protocol');
      return get(config, certificate);
    };
    const config = testConfig(GATEWAY);
    bench.swap(config);
    assert.equal(bench.rule('a').refusal, null);
    assert.equal(bench.rule('b').refusal, 'invalid_rule');
    const problemsOf = () => [...bench.runtime.gateways.values()].flatMap(({ problems }) => problems);
    const [problem, ...others] = problemsOf();
    assert.deepEqual([problem?.rule.index, problem?.message, others], [1, 'no such protocol', []]);
    clusters.get = get;
    bench.swap(config);
    assert.deepEqual(problemsOf(), [], 'what can be compiled again is');
    assert.equal(bench.rule('b').refusal, null);
  });

  test('settings that changed reach every rule', (t) => {
    const bench = new Bench();
    t.after(() => {
      bench.stop();
    });
    const first = testConfig(GATEWAY);
    bench.swap(first);
    bench.swap({ ...first, settings: { ...first.settings, reasonHeader: true } });
    for (const name of ['a', 'b', 'c']) assert.equal(bench.rule(name).gateway.settings.reasonHeader, true);
  });

  test('a failed update leaves no trace: the active configuration is kept, and its clusters are not retired', (t) => {
    const bench = new Bench();
    t.after(() => {
      bench.stop();
    });
    const first = testConfig(GATEWAY);
    bench.swap(first);
    const before = bench.rule('a');
    const other = testConfig({
      ...GATEWAY,
      clusters: ['a', 'b', 'x'].map((name) => testCluster(name, { protocol: 'h2' })),
    });
    bench.swap(other, true);
    bench.swap(first);
    assert.equal(bench.rule('a'), before);
    assert.deepEqual(
      bench.deps.clusters.clusters.map(({ config }) => [config.id, config.protocol]),
      ['a', 'b', 'c'].map((id) => [id, 'http1']),
    );
  });

  test('rules of listeners of their own are compiled for each, and counted apart', (t) => {
    const bench = new Bench();
    t.after(() => {
      bench.stop();
    });
    const first = testConfig(GATEWAY);
    const [port] = first.ports;
    const [listener] = port?.listeners ?? [];
    assert.ok(port !== undefined && listener?.kind === 'http');
    const second = {
      ...listener,
      id: listenerId('second'),
      attachment: testAttachment('second'),
      hostname: 'b.example.com',
    };
    bench.swap({ ...first, ports: [{ ...port, listeners: [listener, second] }] });
    const [a, b] = [bench.rule('a'), bench.rule('b')];
    assert.equal(b.listener.section, 'second');
    assert.notEqual(a.listener, b.listener);
    bench.swap({ ...first, ports: [{ ...port, listeners: [listener] }] });
    assert.equal(bench.rule('a'), a);
    assert.equal(bench.rule('b').listener, originOfAttachment(listener.attachment));
  });

  test('counters of a removed rule are dropped, and start at zero when it is added again', (t) => {
    const bench = new Bench();
    t.after(() => {
      bench.stop();
    });
    const first = testConfig(GATEWAY);
    bench.swap(first);
    const before = bench.rule('b').counters;
    const gone: RuleId | undefined = first.rules[1]?.id;
    bench.swap(withRules(first, (rule) => (rule.id === gone ? null : rule)));
    bench.swap(first);
    assert.notEqual(bench.rule('b').counters, before);
  });
});
