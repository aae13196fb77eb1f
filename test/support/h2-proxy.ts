/** A proxy in front of scripted backends, for tests over HTTP/2. */
import type { TestContext } from 'node:test';
import type { Cluster } from '../../src/ir/cluster.ts';
import { DEFAULT_CLUSTER_POLICY, type ClusterPolicy } from '../../src/ir/policy.ts';
import type { ClientLimits } from '../../src/ir/client-limits.ts';
import { testBackend, testCluster, testConfig, type TestRule } from './gateway-config.ts';
import { H2Peer } from './h2-peer.ts';
import { ScriptedBackend, type Script } from './scripted-backend.ts';
import { TestProxy } from './test-proxy.ts';

export interface ProxyAndBackend {
  readonly proxy: TestProxy;
  readonly backend: ScriptedBackend;
}

export interface Setup {
  readonly script?: Script;
  readonly limits?: Partial<ClientLimits>;
  /** Of the backend; HTTP/1.1 by default. */
  readonly protocol?: Cluster['protocol'];
  readonly policy?: Partial<ClusterPolicy>;
  readonly rule?: Partial<TestRule>;
}

/** One rule that sends everything to one backend. Both end with the test. */
export async function startPair(t: TestContext, setup: Setup = {}): Promise<ProxyAndBackend> {
  const { script = null, limits = {}, protocol = 'http1', policy = {}, rule = {} } = setup;
  const backend = await ScriptedBackend.start(script);
  const config = testConfig({
    rules: [{ backends: [testBackend('b')], ...rule }],
    endpoints: { b: [backend.port] },
    clusters: [testCluster('b', { protocol, policy: { ...DEFAULT_CLUSTER_POLICY, ...policy } })],
  });
  const proxy = await TestProxy.start(config, limits);
  t.after(async () => {
    await proxy.stop();
    await backend.stop();
  });
  return { proxy, backend };
}

/** A client whose connection goes with the test. */
export async function dialH2(
  t: TestContext,
  port: number,
  ...settings: readonly (readonly [number, number])[]
): Promise<H2Peer> {
  const peer = await H2Peer.connect(port, ...settings);
  t.after(() => peer.raw.destroy());
  return peer;
}
