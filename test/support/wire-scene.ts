/** A proxy between clients and backends that note every head they read, over HTTP/1.1 and HTTP/2, to look at what was written. */
import type { Cluster } from '../../src/ir/cluster.ts';
import { DEFAULT_CLUSTER_POLICY } from '../../src/ir/policy.ts';
import type { RouteRule } from '../../src/ir/route.ts';
import { clusterId } from '../../src/ir/ids.ts';
import { emptyConfig, testConfig, testEndpoint, type TestRule } from './gateway-config.ts';
import { FLAG, TYPE, headers } from './h2-frames.ts';
import { H2Peer } from './h2-peer.ts';
import type { RawClient } from './raw-client.ts';
import type { Field } from './reference-hpack.ts';
import { ScriptedBackend } from './scripted-backend.ts';
import { TestProxy } from './test-proxy.ts';

const CHECK_EVERY_MS = 20;

/** A head as it was on the wire: text of HTTP/1.1 up to its empty line, or fields of HTTP/2. */
export type WireHead = string | readonly Field[];

export class WireScene {
  readonly #http1: ScriptedBackend;
  readonly #http2: ScriptedBackend;
  readonly #proxy: TestProxy;
  #heads: WireHead[] = [];
  #onHead: (() => void) | null = null;
  #version = 0;

  private constructor(http1: ScriptedBackend, http2: ScriptedBackend, proxy: TestProxy) {
    this.#http1 = http1;
    this.#http2 = http2;
    this.#proxy = proxy;
  }

  static async start(): Promise<WireScene> {
    const notes: { scene: WireScene | null } = { scene: null };
    const note = (head: WireHead): void => notes.scene?.note(head);
    const http1 = await ScriptedBackend.start((connection) => serveHttp1(connection, note));
    const http2 = await ScriptedBackend.start((connection) => serveHttp2(connection, note));
    const proxy = await TestProxy.start(emptyConfig('wire'));
    notes.scene = new WireScene(http1, http2, proxy);
    return notes.scene;
  }

  async stop(): Promise<void> {
    await this.#proxy.stop();
    await Promise.all([this.#http1.stop(), this.#http2.stop()]);
  }

  note(head: WireHead): void {
    this.#heads.push(head);
    this.#onHead?.();
  }

  /** Serves each rule at a host of its own, with `clusters` at the backends, and asks for each; all heads that were written. */
  async exchange(rules: readonly RouteRule[], clusters: readonly Cluster[]): Promise<readonly WireHead[]> {
    await this.#apply(rules, clusters);
    for (const [index] of rules.entries()) await this.#ask(`r${String(index)}.test`);
    return this.#heads;
  }

  /** Serves clusters with their health checks until each has asked; all heads that were written. */
  async check(clusters: readonly Cluster[]): Promise<readonly WireHead[]> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const named = clusters.map((cluster, index) => ({ ...cluster, id: clusterId(`c${String(index)}`) }));
    await this.#apply([], named, () => {
      if (this.#heads.length >= named.length) resolve(undefined);
    });
    await promise;
    return this.#heads;
  }

  async #apply(
    rules: readonly RouteRule[],
    clusters: readonly Cluster[],
    onHead: (() => void) | null = null,
  ): Promise<void> {
    this.#heads = [];
    this.#onHead = onHead;
    this.#version += 1;
    const served: TestRule[] = rules.map((rule, index) => ({ ...rule, hostname: `r${String(index)}.test` }));
    // A health check needs a rule that leads to its cluster.
    if (rules.length === 0) served.push({ backends: clusters.map(toCluster) });
    const config = testConfig({ rules: served, clusters: clusters.map(local) });
    const endpoints = clusters.map(({ id, protocol, policy }) => {
      const isHttp2 = protocol === 'h2' || policy.activeCheck?.probe.kind === 'grpc';
      return { cluster: id, endpoints: [testEndpoint(isHttp2 ? this.#http2.port : this.#http1.port)] };
    });
    await this.#proxy.apply({ ...config, version: String(this.#version), endpoints });
  }

  async #ask(host: string): Promise<void> {
    const client = await this.#proxy.connect();
    for (const [method, more] of [
      ['GET', ''],
      ['OPTIONS', 'Access-Control-Request-Method: GET\r\nAccess-Control-Request-Headers: x-a\r\n'],
    ] as const) {
      client.send(`${method} /a?q=1 HTTP/1.1\r\nHost: ${host}\r\nOrigin: https://a.example\r\n${more}\r\n`);
      this.#heads.push((await client.readResponse()).head);
    }
    client.destroy();
    const peer = await H2Peer.connect(this.#proxy.port);
    peer.send(
      headers(
        1,
        [
          [':method', 'GET'],
          [':scheme', 'http'],
          [':path', '/a?q=1'],
          [':authority', host],
          ['origin', 'https://a.example'],
        ],
        true,
      ),
    );
    const { blocks, trailers } = await peer.message(1);
    this.#heads.push(...blocks, ...(trailers === null ? [] : [trailers]));
    peer.raw.destroy();
  }
}

const toCluster = ({ id, origin }: Cluster): NonNullable<TestRule['backends']>[number] => ({
  kind: 'cluster',
  cluster: id,
  weight: 1,
  filters: [],
  origin,
});

/** At the test's own backends, without TLS, and checked at once. */
function local(cluster: Cluster): Cluster {
  const { activeCheck } = cluster.policy;
  return {
    ...cluster,
    tls: null,
    discovery: { kind: 'endpoints' },
    protocol: cluster.protocol === 'h2' ? 'h2' : 'http1',
    policy: {
      ...DEFAULT_CLUSTER_POLICY,
      activeCheck: activeCheck && { ...activeCheck, port: null, intervalMs: CHECK_EVERY_MS },
    },
  };
}

async function serveHttp1(connection: RawClient, note: (head: WireHead) => void): Promise<void> {
  for (;;) {
    note(await connection.readThrough('\r\n\r\n'));
    connection.send('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
  }
}

async function serveHttp2(connection: RawClient, note: (head: WireHead) => void): Promise<void> {
  const peer = await H2Peer.accept(connection);
  for (;;) {
    const { streamId, fields } = await peer.next(
      ({ type, flags }) => type === TYPE.headers && (flags & FLAG.endHeaders) !== 0,
    );
    note(fields);
    peer.send(headers(streamId, [[':status', '200']], true));
  }
}
