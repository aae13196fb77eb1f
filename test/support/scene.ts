/**
 * Manifests with a listener of every kind, in a folder of their own, for tests of the whole gateway. Nothing here can be left out of a
 * Gateway that serves all it can; what a test wants to change it rewrites.
 *
 *   a.example on 80 and 443 → Service `web`      grpc.example on 80 and 443 → Service `grpc` (h2c)
 *   passthrough.example on 8443 → Service `tls`  9000/TCP → Service `tcp`      9001/UDP → Service `udp`
 */
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeCertificate } from '../../src/certificates/certificate-files.ts';

export const SCENE_PORTS = { http: 80, https: 443, tls: 8443, tcp: 9000, udp: 9001 } as const;

const SERVICES = {
  web: { port: 8080 },
  grpc: { port: 8080, appProtocol: 'kubernetes.io/h2c' },
  tls: { port: 443 },
  tcp: { port: 9000 },
  udp: { port: 9001, protocol: 'UDP' },
} as const;
export type SceneService = keyof typeof SERVICES;

export interface SceneOptions {
  /** Ports of 127.0.0.1 by Service; one without gets no endpoints. */
  readonly backends: Partial<Record<SceneService, readonly number[]>>;
  /** Members of the one rule of HTTPRoute `web`: `retry`, `timeouts`, … */
  readonly rule?: Readonly<Record<string, unknown>>;
}

export interface Scene {
  readonly folder: string;
  /** PEM of the authority that signs for the HTTPS listener. */
  readonly ca: string;
  /** Replaces a manifest, or adds one; files are replaced whole. */
  write(name: string, manifest: unknown): void;
  endpoints(service: SceneService, ports: readonly number[]): void;
  /** HTTPRoute `web` with these members in its rule. */
  route(rule: Readonly<Record<string, unknown>>): void;
  /** A new certificate for the HTTPS listener, signed by the same authority. */
  rotate(): Promise<void>;
  remove(): void;
}

const GROUP = 'gateway.networking.k8s.io/v1';
const meta = (name: string): object => ({ name, namespace: 'default' });

const listener = (name: string, protocol: string, port: number, more: object = {}): object => ({
  name,
  protocol,
  port,
  ...more,
});

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
    metadata: meta('all'),
    spec: {
      gatewayClassName: 'sluice',
      listeners: [
        listener('http', 'HTTP', SCENE_PORTS.http),
        listener('https', 'HTTPS', SCENE_PORTS.https, { tls: { certificateRefs: [{ name: 'scene-tls' }] } }),
        listener('tls', 'TLS', SCENE_PORTS.tls, { tls: { mode: 'Passthrough' } }),
        listener('tcp', 'TCP', SCENE_PORTS.tcp),
        listener('udp', 'UDP', SCENE_PORTS.udp),
      ],
    },
  },
];

interface RouteShape {
  readonly kind: string;
  readonly service: SceneService;
  readonly sections: readonly string[];
  readonly hostnames?: readonly string[];
  readonly rule?: Readonly<Record<string, unknown>>;
}

function route({ kind, service, sections, hostnames, rule }: RouteShape): object {
  return {
    apiVersion: kind === 'TCPRoute' || kind === 'UDPRoute' ? 'gateway.networking.k8s.io/v1alpha2' : GROUP,
    kind,
    metadata: meta(service),
    spec: {
      parentRefs: sections.map((sectionName) => ({ name: 'all', sectionName })),
      ...(hostnames === undefined ? {} : { hostnames }),
      rules: [{ backendRefs: [{ name: service, port: SERVICES[service].port }], ...rule }],
    },
  };
}

function webRoute(rule: Readonly<Record<string, unknown>>): object {
  return route({
    kind: 'HTTPRoute',
    service: 'web',
    sections: ['http', 'https'],
    hostnames: ['a.example'],
    rule,
  });
}

const ROUTES = [
  route({ kind: 'GRPCRoute', service: 'grpc', sections: ['http', 'https'], hostnames: ['grpc.example'] }),
  route({ kind: 'TLSRoute', service: 'tls', sections: ['tls'], hostnames: ['passthrough.example'] }),
  route({ kind: 'TCPRoute', service: 'tcp', sections: ['tcp'] }),
  route({ kind: 'UDPRoute', service: 'udp', sections: ['udp'] }),
];

function services(): object[] {
  return Object.entries(SERVICES).map(([name, port]) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: meta(name),
    spec: { ports: [{ name: 'main', ...port }] },
  }));
}

/** One slice of several ports cannot say which address goes with which: each port has its own. */
function slices(service: SceneService, ports: readonly number[]): object {
  const protocol = service === 'udp' ? 'UDP' : 'TCP';
  const items = ports.map((port) => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { ...meta(`${service}-${String(port)}`), labels: { 'kubernetes.io/service-name': service } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['127.0.0.1'] }],
    ports: [{ name: 'main', port, protocol }],
  }));
  return { apiVersion: 'v1', kind: 'List', items };
}

export async function createScene({ backends, rule = {} }: SceneOptions): Promise<Scene> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-scene-'));
  const write = (name: string, manifest: unknown): void => {
    const path = join(folder, `${name}.json`);
    writeFileSync(`${path}.new`, JSON.stringify(manifest));
    renameSync(`${path}.new`, path);
  };
  const list = (items: readonly object[]): object => ({ apiVersion: 'v1', kind: 'List', items });
  const rotate = async (): Promise<void> => {
    await writeCertificate({
      names: ['a.example', 'grpc.example'],
      folder: join(folder, 'certs'),
      days: 1,
      keyType: 'ecdsa',
      usage: 'server',
      namespace: 'default',
      secretName: 'scene-tls',
      replace: true,
    });
  };
  const endpoints = (service: SceneService, ports: readonly number[]): void => {
    write(`endpoints-${service}`, slices(service, ports));
  };
  write('gateway', list(GATEWAY));
  write('services', list(services()));
  write('routes', list(ROUTES));
  write('web', webRoute(rule));
  for (const service of Object.keys(SERVICES) as SceneService[]) endpoints(service, backends[service] ?? []);
  await rotate();
  return {
    folder,
    ca: readFileSync(join(folder, 'certs', 'ca.crt'), 'utf8'),
    write,
    endpoints,
    route: (next) => {
      write('web', webRoute(next));
    },
    rotate,
    remove: () => {
      rmSync(folder, { recursive: true });
    },
  };
}
