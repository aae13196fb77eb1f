/** The Gateway, routes, Services and policies of the scenarios, in a folder that `sluice run` watches. */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Place } from './backends.ts';
import type { Scenario } from './scenarios.ts';

export const LISTENER_PORT = 80;
const SERVICE_PORT = 8080;
const GROUP = 'gateway.networking.k8s.io/v1';
const meta = (name: string): object => ({ name, namespace: 'default' });

const GATEWAY = [
  {
    apiVersion: GROUP,
    kind: 'GatewayClass',
    metadata: { name: 'sluice' },
    spec: { controllerName: 'sluice.dev/gateway-controller' },
  },
  {
    apiVersion: GROUP,
    kind: 'Gateway',
    metadata: meta('soak'),
    spec: {
      gatewayClassName: 'sluice',
      listeners: [{ name: 'http', protocol: 'HTTP', port: LISTENER_PORT }],
    },
  },
];

/** Budget enough for every request to be retried; checks and ejections so quick that each fault meets them. */
const POOL = {
  connection: { connectTimeout: '1s' },
  retryConstraint: {
    budget: { percent: 100, interval: '10s' },
    minRetryRate: { count: 1_000, interval: '1s' },
  },
  healthCheck: {
    passive: {
      consecutive5xx: 5,
      interval: '1s',
      baseEjectionTime: '1s',
      maxEjectionTime: '2s',
      maxEjectionPercent: 70,
    },
  },
};

const CHECK = { interval: '1s' };

function objects(scenario: Scenario, isRetried: boolean): object[] {
  const { name, protocol, clients, policy, rule = {} } = scenario;
  const isGrpc = clients.includes('gRPC');
  const check = isGrpc ? { type: 'GRPC', grpc: {} } : { type: 'HTTP', http: { path: '/healthz' } };
  const { passive } = POOL.healthCheck;
  // What hangs ends all the same.
  const off = { retry: { attempts: 0 }, timeouts: { backendRequest: '1s' } };
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: meta(name),
      spec: {
        ports: [
          {
            name: 'main',
            port: SERVICE_PORT,
            ...(protocol === 'h2' ? { appProtocol: 'kubernetes.io/h2c' } : {}),
          },
        ],
      },
    },
    {
      apiVersion: GROUP,
      kind: isGrpc ? 'GRPCRoute' : 'HTTPRoute',
      metadata: meta(name),
      spec: {
        parentRefs: [{ name: 'soak' }],
        hostnames: [`${name}.example`],
        rules: [{ backendRefs: [{ name, port: SERVICE_PORT }], ...(isRetried ? rule : {}) }],
      },
    },
    {
      apiVersion: 'gateway.sluice.dev/v1alpha1',
      kind: 'BackendPolicy',
      metadata: meta(name),
      spec: {
        targetRefs: [{ group: '', kind: 'Service', name }],
        ...POOL,
        ...policy,
        ...(isRetried ? {} : off),
        healthCheck: { passive, active: { ...check, ...CHECK } },
      },
    },
  ];
}

/** A slice each: one of several ports could not say which address goes with which. */
function slices(service: string, places: readonly Place[]): object[] {
  return places.map(({ address, port }) => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { ...meta(`${service}-${address}`), labels: { 'kubernetes.io/service-name': service } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [address] }],
    ports: [{ name: 'main', port, protocol: 'TCP' }],
  }));
}

export class Manifests {
  readonly folder = mkdtempSync(join(tmpdir(), 'sluice-soak-'));

  constructor(scenarios: readonly Scenario[], isRetried: boolean) {
    this.#write('gateway', GATEWAY);
    for (const scenario of scenarios) this.#write(scenario.name, objects(scenario, isRetried));
  }

  endpoints(scenario: Scenario, places: readonly Place[]): void {
    this.#write(`${scenario.name}-endpoints`, slices(scenario.name, places));
  }

  #write(name: string, items: readonly object[]): void {
    const path = join(this.folder, `${name}.json`);
    writeFileSync(`${path}.new`, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
    renameSync(`${path}.new`, path);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}
