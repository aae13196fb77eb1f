/** Hand-written configurations of the data plane, for tests: what is not said is as plain as it can be. */
import type { Cluster, Endpoint } from '../../src/ir/cluster.ts';
import { gatewayDataPlane } from '../../src/ir/data-plane-id.ts';
import {
  DEFAULT_PROXY_SETTINGS,
  type GatewayConfig,
  type ProxySettings,
} from '../../src/ir/gateway-config.ts';
import { clusterId, listenerId, ruleId } from '../../src/ir/ids.ts';
import type { Origin } from '../../src/ir/origin.ts';
import type { RouteMatch } from '../../src/ir/match.ts';
import { DEFAULT_CLUSTER_POLICY, DEFAULT_TIMEOUTS } from '../../src/ir/policy.ts';
import type { RouteRule, WeightedBackend } from '../../src/ir/route.ts';

import { testAttachment } from './attachment.ts';

/** One rule of a test's configuration; all requests by default. */
export interface TestRule extends Partial<Omit<RouteRule, 'id' | 'origin' | 'action'>> {
  readonly hostname?: string;
  readonly pathPrefix?: string;
  readonly match?: Partial<RouteMatch>;
  readonly backends?: readonly WeightedBackend[];
  readonly action?: RouteRule['action'];
}

export interface TestGateway {
  readonly rules: readonly TestRule[];
  readonly clusters?: readonly Cluster[];
  /** By cluster name. */
  readonly endpoints?: Readonly<Record<string, readonly (number | Endpoint)[]>>;
  readonly settings?: Partial<ProxySettings>;
  readonly name?: string;
  readonly port?: number;
  readonly hostname?: string;
  readonly keySets?: GatewayConfig['keySets'] | undefined;
  readonly secrets?: GatewayConfig['secrets'] | undefined;
}

export const TEST_PORT = 80;

const origin = (kind: string, name: string): Origin => ({ kind, namespace: 'test', name });

/** A cluster with the default policy. */
export function testCluster(name: string, overrides: Partial<Cluster> = {}): Cluster {
  return {
    id: clusterId(name),
    origin: origin('Service', name),
    protocol: 'http1',
    tls: null,
    discovery: { kind: 'endpoints' },
    policy: DEFAULT_CLUSTER_POLICY,
    ...overrides,
  };
}

/** A backend that forwards to the cluster of this name. */
export function testBackend(name: string, overrides: { readonly weight?: number } = {}): WeightedBackend {
  return {
    kind: 'cluster',
    cluster: clusterId(name),
    weight: 1,
    filters: [],
    origin: origin('Service', name),
    ...overrides,
  };
}

export function testEndpoint(port: number): Endpoint {
  return { address: '127.0.0.1', port, state: 'ready', zone: null };
}

function toRule(rule: TestRule, index: number): RouteRule {
  return {
    id: ruleId(`HTTPRoute/test/route/${index}`),
    origin: { ...origin('HTTPRoute', 'route'), index },
    protocol: rule.protocol ?? 'http',
    filters: rule.filters ?? [],
    action: rule.action ?? { kind: 'forward', backends: rule.backends ?? [] },
    timeouts: rule.timeouts ?? DEFAULT_TIMEOUTS,
    retry: rule.retry ?? null,
    sessionPersistence: rule.sessionPersistence ?? null,
    ...(rule.policies === undefined ? {} : { policies: rule.policies }),
  };
}

/** The Gateway `default/<name>` that serves nothing but what `overrides` say. */
export function emptyConfig(name: string, overrides: Partial<GatewayConfig> = {}): GatewayConfig {
  return {
    version: 'v1',
    dataPlane: gatewayDataPlane({ namespace: 'default', name }),
    generation: 1,
    addresses: [],
    ports: [],
    rules: [],
    clusters: [],
    endpoints: [],
    certificates: [],
    settings: DEFAULT_PROXY_SETTINGS,
    ...overrides,
  };
}

/** One Gateway with one cleartext HTTP listener. Clusters named by endpoints need not be given. */
export function testConfig(gateway: TestGateway): GatewayConfig {
  const rules = gateway.rules.map(toRule);
  const hostnames = [...new Set(gateway.rules.map((rule) => rule.hostname ?? ''))];
  const name = gateway.name ?? 'gateway';
  const endpoints = Object.entries(gateway.endpoints ?? {});
  return {
    version: JSON.stringify(gateway),
    generation: 1,
    dataPlane: gatewayDataPlane({ namespace: 'test', name }),
    addresses: [],
    ports: [
      {
        number: gateway.port ?? TEST_PORT,
        transport: 'tcp',
        listeners: [
          {
            kind: 'http',
            id: listenerId(`Gateway/test/${name}/http`),
            attachment: testAttachment('http', name),
            hostname: gateway.hostname ?? '',
            tls: null,
            virtualHosts: hostnames.map((hostname) => ({
              hostname,
              entries: gateway.rules.flatMap((rule, index) =>
                (rule.hostname ?? '') === hostname
                  ? [{ match: toMatch(rule), rule: ruleId(`HTTPRoute/test/route/${index}`) }]
                  : [],
              ),
            })),
          },
        ],
      },
    ],
    rules,
    clusters: gateway.clusters ?? endpoints.map(([cluster]) => testCluster(cluster)),
    endpoints: endpoints.map(([cluster, list]) => ({
      cluster: clusterId(cluster),
      endpoints: list.map((endpoint) => (typeof endpoint === 'number' ? testEndpoint(endpoint) : endpoint)),
    })),
    certificates: [],
    ...(gateway.keySets === undefined ? {} : { keySets: gateway.keySets }),
    ...(gateway.secrets === undefined ? {} : { secrets: gateway.secrets }),
    settings: { ...DEFAULT_PROXY_SETTINGS, ...gateway.settings },
  };
}

function toMatch({ match, pathPrefix }: TestRule): RouteMatch {
  return {
    path: { kind: 'prefix', value: pathPrefix ?? '/' },
    method: null,
    headers: [],
    query: [],
    ...match,
  };
}
