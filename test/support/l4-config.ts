/** Configurations with TLS, TCP and UDP listeners, for tests of the whole data plane. */
import type { GatewayConfig, ProxySettings } from '../../src/ir/gateway-config.ts';
import type { Cluster } from '../../src/ir/cluster.ts';
import { listenerId, ruleId } from '../../src/ir/ids.ts';
import type {
  HttpListener,
  L4Rule,
  Listener,
  Port,
  TcpListener,
  UdpListener,
} from '../../src/ir/listener.ts';
import type { WeightedBackend } from '../../src/ir/route.ts';
import type { Certificate } from '../../src/ir/tls.ts';
import { testAttachment } from './attachment.ts';
import { testBackend, testCluster, testConfig, testEndpoint } from './gateway-config.ts';
import { listenerTls, type TlsOverrides } from './tls-listener.ts';

/** A rule that forwards to the clusters of these names. */
export function rule(name: string, ...backends: readonly (string | WeightedBackend)[]): L4Rule {
  return {
    id: ruleId(`TCPRoute/test/${name}/0`),
    origin: { kind: 'TCPRoute', namespace: 'test', name, index: 0 },
    backends: backends.map((backend) => (typeof backend === 'string' ? testBackend(backend) : backend)),
  };
}

export function invalidBackend(weight = 1): WeightedBackend {
  const message = 'not permitted';
  return {
    kind: 'invalid',
    weight,
    status: 500,
    reason: 'invalid_ref',
    message,
    origin: { kind: 'Service', namespace: 'test', name: '' },
  };
}

export function tcpListener(relay: L4Rule | null): TcpListener {
  return {
    kind: 'tcp',
    id: listenerId('Gateway/test/gateway/tcp'),
    attachment: testAttachment('tcp'),
    rule: relay,
  };
}

export function udpListener(relay: L4Rule | null): UdpListener {
  return {
    kind: 'udp',
    id: listenerId('Gateway/test/gateway/udp'),
    attachment: testAttachment('udp'),
    rule: relay,
  };
}

/** An HTTPS listener whose every path goes to the cluster of this name. */
export function https(
  hostname: string,
  certificate: Certificate,
  cluster: string,
  overrides: TlsOverrides = {},
): HttpListener {
  const entries = [{ match: MATCH_ALL, rule: ruleId(`HTTPRoute/test/${cluster}/0`) }];
  return {
    kind: 'http',
    id: listenerId(`Gateway/test/gateway/https-${hostname}`),
    attachment: testAttachment(`https-${hostname}`),
    hostname,
    tls: listenerTls([certificate], overrides),
    virtualHosts: [{ hostname, entries }],
  };
}

const MATCH_ALL = {
  path: { kind: 'prefix', value: '/' },
  method: null,
  headers: [],
  query: [],
} as const;

export interface L4Gateway {
  readonly tcp?: Readonly<Record<number, readonly Listener[]>>;
  readonly udp?: Readonly<Record<number, readonly Listener[]>>;
  readonly certificates?: readonly Certificate[];
  /** Ports of 127.0.0.1 by cluster name. */
  readonly endpoints?: Readonly<Record<string, readonly number[]>>;
  readonly clusters?: Readonly<Record<string, Partial<Cluster>>>;
  readonly settings?: Partial<ProxySettings>;
}

export function l4Config(gateway: L4Gateway): GatewayConfig {
  const endpoints = Object.entries(gateway.endpoints ?? {});
  const base = testConfig({
    rules: [],
    clusters: endpoints.map(([name]) => testCluster(name, gateway.clusters?.[name])),
    ...(gateway.settings === undefined ? {} : { settings: gateway.settings }),
  });
  const ports = (transport: Port['transport']): Port[] =>
    Object.entries(gateway[transport] ?? {}).map(([number, listeners]) => ({
      number: Number(number),
      transport,
      listeners,
    }));
  const [template] = testConfig({ rules: [{ backends: [testBackend('a')] }] }).rules;
  return {
    ...base,
    version: JSON.stringify(gateway),
    ports: [...ports('tcp'), ...ports('udp')],
    rules:
      template === undefined
        ? []
        : endpoints.map(([name]) => ({
            ...template,
            id: ruleId(`HTTPRoute/test/${name}/0`),
            action: { kind: 'forward', backends: [testBackend(name)] },
          })),
    endpoints: endpoints.map(([name, list]) => ({
      cluster: testCluster(name).id,
      endpoints: list.map(testEndpoint),
    })),
    certificates: gateway.certificates ?? [],
  };
}
