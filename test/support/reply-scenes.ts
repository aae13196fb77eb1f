/** Configurations and backends in which the gateway responds by itself, and what a test may say of how it comes to that. */
import type { TestContext } from 'node:test';
import type { ClientLimits } from '../../src/ir/client-limits.ts';
import type { DirectResponseFilter, Filter, RedirectFilter } from '../../src/ir/filter.ts';
import type { Listener } from '../../src/ir/listener.ts';
import type { GatewayConfig } from '../../src/ir/gateway-config.ts';
import { clusterId } from '../../src/ir/ids.ts';
import {
  DEFAULT_CLUSTER_POLICY,
  DEFAULT_TIMEOUTS,
  type ClusterPolicy,
  type Timeouts,
} from '../../src/ir/policy.ts';
import type { RouteRule, WeightedBackend } from '../../src/ir/route.ts';

import type { AuthMethod } from '../../src/ir/auth.ts';
import type { PasswordChecks } from '../../src/credentials/password-checks.ts';
import type { ProxyOptions } from '../../src/proxy/proxy-api.ts';
import { authCheck, authPolicy } from './auth-policy.ts';
import { mintCertificate } from './certificates.ts';
import { testBackend, testCluster, type TestGateway, type TestRule } from './gateway-config.ts';
import { H2Peer } from './h2-peer.ts';
import { NO_SERVICES } from './no-credentials.ts';
import { HOST, type Sent, type Target, type Version } from './reply-client.ts';
import { ScriptedBackend, type Script } from './scripted-backend.ts';
import { listenerTls } from './tls-listener.ts';

export type Call = 'GET' | 'HEAD' | 'POST' | 'gRPC';

export interface Scene {
  /** Of every rule; its filters come before `filters`. */
  readonly rule?: Omit<TestRule, 'filters' | 'pathPrefix'>;
  readonly filters?: readonly Filter[];
  readonly gateway?: Omit<TestGateway, 'rules'>;
  readonly firstRules?: readonly TestRule[];
  readonly limits?: Partial<ClientLimits>;
  readonly adapt?: (config: GatewayConfig) => GatewayConfig;
  readonly target?: Omit<Target, 'port'>;
  readonly options?: Partial<ProxyOptions>;
}

export interface Way {
  readonly name: string;
  /** What is known when the gateway responds: nothing but the head, a listener at most, or the rule, whose filters then act. */
  readonly knows: 'head' | 'listener' | 'rule';
  readonly scene: (t: TestContext) => Scene | Promise<Scene>;
  readonly sent?: Partial<Sent>;
  /** Status and body, where they are not those of the reason. */
  readonly status?: number;
  readonly body?: string;
  readonly grpcStatus?: number;
  /** The rule gives the reason although it redirects. */
  readonly isBeforeRedirect?: boolean;
  /** Left out: the other calls and versions, and why they cannot be. */
  readonly only?: { readonly calls?: readonly Call[]; readonly version?: Version; readonly because: string };
}

export const QUICK_MS = 40;
export const silent: Script = (connection) => connection.waitForClose();
/** The backend itself gives the response; HEAD has the same head. */
export const badGateway: Script = async (connection) => {
  const head = await connection.readThrough('\r\n\r\n');
  const body = head.startsWith('HEAD') ? '' : 'own';
  connection.send(`HTTP/1.1 502 Bad Gateway\r\ncontent-length: 3\r\n\r\n${body}`);
};
export const hangingUp: Script = async (connection) => {
  await connection.readThrough('\r\n\r\n');
  connection.destroy();
};

/** A rule whose one backend does as `script` says. */
export const backend =
  (
    script: Script,
    timeouts: Partial<Timeouts> = {},
    policy: Partial<ClusterPolicy> = {},
    more: Partial<RouteRule> = {},
  ): Way['scene'] =>
  async (t) => {
    const server = await ScriptedBackend.start(script);
    t.after(() => server.stop());
    return {
      rule: { backends: [testBackend('a')], timeouts: { ...DEFAULT_TIMEOUTS, ...timeouts }, ...more },
      gateway: {
        clusters: [testCluster('a', { policy: { ...DEFAULT_CLUSTER_POLICY, ...policy } })],
        endpoints: { a: [server.port] },
      },
    };
  };

/** An HTTP/2 backend that takes no WebSockets. */
export const withoutTunnels: Way['scene'] = async (t) => {
  const scene = await backend(async (connection) => {
    await H2Peer.accept(connection);
    await connection.waitForClose();
  })(t);
  return { ...scene, gateway: { ...scene.gateway, clusters: [testCluster('a', { protocol: 'h2' })] } };
};

export const plainRule = (): Scene => ({
  rule: { backends: [testBackend('a')] },
  gateway: { endpoints: { a: [] } },
});
export const limited = (limits: Partial<ClientLimits>) => (): Scene => ({ ...plainRule(), limits });

export const invalid = (reason: Extract<WeightedBackend, { kind: 'invalid' }>['reason']): Way => ({
  name: 'of a backendRef',
  knows: 'rule',
  scene: () => ({
    rule: {
      backends: [
        {
          kind: 'invalid',
          weight: 1,
          status: 500,
          reason,
          message: '',
          origin: { kind: 'Service', namespace: 'test', name: 'a' },
        },
      ],
    },
  }),
});

export const failing = (reason: 'invalid_filter' | 'invalid_rule' | 'policy_invalid'): Way => ({
  name: 'of a rule',
  knows: 'rule',
  isBeforeRedirect: true,
  scene: () => ({ rule: { action: { kind: 'fail', status: 500, reason, message: '' } } }),
});

export const auth = (kind: 'http' | 'grpc', forwardBodyBytes = 0): Filter => ({
  kind: 'external-auth',
  cluster: clusterId('auth'),
  origin: { kind: 'Service', namespace: 'test', name: 'auth' },
  protocol: {
    kind,
    ...(kind === 'http' ? { pathPrefix: '', allowedResponseHeaders: [] } : {}),
    allowedRequestHeaders: [],
  } as Extract<Filter, { kind: 'external-auth' }>['protocol'],
  forwardBodyBytes,
});

export const withAuth = (filter: Filter, port: number | null): Scene => ({
  rule: { backends: [testBackend('a')] },
  filters: [filter],
  gateway: {
    clusters: [
      testCluster('a'),
      testCluster('auth', {
        protocol: filter.kind === 'external-auth' && filter.protocol.kind === 'grpc' ? 'h2' : 'http1',
      }),
    ],
    endpoints: { a: [], auth: port === null ? [] : [port] },
  },
});

export const DIRECT_RESPONSE: DirectResponseFilter = {
  kind: 'direct-response',
  status: 200,
  headers: [],
  body: { text: 'hello', contentType: 'text/plain' },
};

/** A rule with one AuthPolicy. `passwords`: absent for real checks. */
export const withPolicy = (
  methods: readonly AuthMethod[],
  gateway: Pick<TestGateway, 'keySets' | 'secrets'>,
  passwords?: PasswordChecks,
): Scene => ({
  rule: { backends: [testBackend('a')], policies: [authPolicy(authCheck(methods))] },
  gateway: { ...gateway, endpoints: { a: [] } },
  ...(passwords === undefined ? {} : { options: { credentials: { ...NO_SERVICES, passwords } } }),
});

export const REDIRECT: RedirectFilter = {
  kind: 'redirect',
  scheme: 'https',
  hostname: 'new.example',
  path: null,
  port: null,
  status: 302,
};

export const DENIAL =
  'HTTP/1.1 403 Forbidden\r\naccess-control-allow-origin: https://auth.example\r\nvary: Origin\r\n';

/** As many as one request may not have tested. */
export const COSTLY = Array.from({ length: 20 }, (_, n): TestRule => ({
  match: { path: { kind: 'regex', pattern: `/?(a|b)*a(a|b){27}c${String(n)}` } },
}));

export async function onTls(): Promise<Scene> {
  const certificate = await mintCertificate('test/a', ['other.example', HOST]);
  return {
    ...plainRule(),
    target: { serverName: 'other.example' },
    adapt: (config) => ({
      ...config,
      certificates: [certificate],
      ports: config.ports.map((port) => ({
        ...port,
        listeners: port.listeners.flatMap((listener): Listener[] => {
          if (listener.kind !== 'http') return [listener];
          const tls = listenerTls([certificate]);
          const other = {
            ...listener,
            id: `${listener.id}-other` as typeof listener.id,
            hostname: 'other.example',
          };
          return [
            { ...listener, hostname: HOST, tls },
            { ...other, tls, virtualHosts: [] },
          ];
        }),
      })),
    }),
  };
}
