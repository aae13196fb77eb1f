/** The relay of the data plane between real sockets, without the rest of the data plane. */
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { clusterId } from '../../src/ir/ids.ts';
import { DEFAULT_CLUSTER_POLICY, type ClusterPolicy, type ConnectionPolicy } from '../../src/ir/policy.ts';
import { createDial } from '../../src/proxy/upstream/connector.ts';
import { UNWATCHED } from '../../src/proxy/upstream/health/endpoint-health.ts';
import type { UpstreamTlsClient } from '../../src/proxy/upstream/upstream-tls.ts';
import type { CompiledL4Rule, L4Cluster, L4Endpoint } from '../../src/proxy/l4/l4-rule.ts';
import { StreamCounters } from '../../src/proxy/l4/stream-counters.ts';
import { openStream } from '../../src/proxy/l4/stream-session.ts';
import { ConnectionRegistry } from '../../src/proxy/port/connection-registry.ts';
import { transportOfAccepted } from '../../src/proxy/net/socket-transport.ts';
import { DISCARDING_SINK } from '../../src/proxy/net/transport.ts';
import { WeightedChoice } from '../../src/proxy/upstream/weighted-choice.ts';
import { TimerWheel } from '../../src/proxy/net/timer-wheel.ts';

const ORIGIN = { kind: 'Gateway', namespace: 'default', name: 'test' };

export interface TestEndpoint extends L4Endpoint {
  active: number;
  connectFailures: number;
  isGone: boolean;
}

export interface ClusterOptions {
  readonly connection?: Partial<ConnectionPolicy>;
  readonly policy?: Partial<ClusterPolicy>;
  readonly tls?: UpstreamTlsClient;
}

/** A cluster over the given ports of 127.0.0.1, chosen in turn. `endpoints` may be changed. */
export class TestCluster implements L4Cluster {
  readonly config: L4Cluster['config'];
  readonly reasonForNone = 'no_endpoints';
  readonly endpoints: TestEndpoint[];
  #next = 0;

  constructor(ports: readonly number[], options: ClusterOptions = {}) {
    const connection = { ...DEFAULT_CLUSTER_POLICY.connection, ...options.connection };
    const policy = { ...DEFAULT_CLUSTER_POLICY, connection, ...options.policy };
    const discovery = { kind: 'endpoints' } as const;
    this.config = {
      id: clusterId('default/test/1'),
      origin: ORIGIN,
      protocol: 'tcp',
      tls: null,
      discovery,
      policy,
    };
    this.endpoints = ports.map((port) => ({
      address: '127.0.0.1',
      port,
      name: `127.0.0.1:${port}`,
      dial: createDial({ address: '127.0.0.1', port }, connection, options.tls ?? null),
      active: 0,
      connectFailures: 0,
      health: UNWATCHED,
      connectFailed() {
        this.connectFailures++;
      },
      isGone: false,
    }));
  }

  pick(tried: readonly L4Endpoint[]): L4Endpoint | null {
    const others = this.endpoints.filter((endpoint) => !tried.includes(endpoint) && !endpoint.isGone);
    const from = others.length > 0 ? others : this.endpoints.filter((endpoint) => !endpoint.isGone);
    return from[this.#next++ % from.length] ?? null;
  }
}

export interface TestBackend {
  readonly cluster: L4Cluster | null;
  readonly weight?: number;
}

/** Counters: `rule.backends[i].counters`. An invalid backend has a null cluster. */
export function testRule(backends: readonly TestBackend[], id = 'TCPRoute/default/test/0'): CompiledL4Rule {
  const labels = { protocol: 'tcp', gateway: ORIGIN, listener: ORIGIN, rule: null, backend: null } as const;
  return {
    id,
    backends: backends.map(({ cluster }) => ({
      origin: ORIGIN,
      cluster,
      refusal: 'invalid_ref',
      connections: null,
      counters: new StreamCounters(labels),
    })),
    choice: new WeightedChoice(backends.map(({ weight }) => weight ?? 1)),
    counters: new StreamCounters(labels),
  };
}

export interface TestRelay {
  readonly port: number;
  readonly connections: ConnectionRegistry;
  readonly wheel: TimerWheel;
  close(): Promise<void>;
}

export async function startRelay(rule: CompiledL4Rule, firstBytes: Buffer | null = null): Promise<TestRelay> {
  const wheel = new TimerWheel();
  const connections = new ConnectionRegistry();
  const server = net.createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true }, (socket) => {
    const { remotePort = 0, localPort = 0 } = socket;
    const peers = {
      source: { address: '127.0.0.1', port: remotePort },
      destination: { address: '127.0.0.1', port: localPort },
    };
    const transport = transportOfAccepted(socket, DISCARDING_SINK);
    openStream({ transport, rule, firstBytes, peers }, { wheel, host: connections });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    connections,
    wheel,
    close: async () => {
      connections.destroyAll();
      wheel.stop();
      server.close();
      await once(server, 'close');
    },
  };
}
