/** Sluice, from this checkout or another: the same table as Gateway API objects, served by the command that users run. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import type { TableRule } from '../routing-table.ts';
import type { HttpService } from '../service.ts';
import { versionOf } from '../tools/command.ts';
import type { Command, Peer, ProxySetup } from './peer.ts';

const HERE = fileURLToPath(new URL('../..', import.meta.url));
const GATEWAY_API = 'gateway.networking.k8s.io';

const BACKEND_REFS = [{ name: 'backend', port: 80 }];
const PARENT_REFS = [{ name: 'bench' }];

function rule({ path, header, query }: TableRule): object {
  return {
    matches: [
      {
        path: { type: path.kind === 'exact' ? 'Exact' : 'PathPrefix', value: path.value },
        ...(header && { headers: [header] }),
        ...(query && { queryParams: [query] }),
      },
    ],
    backendRefs: BACKEND_REFS,
  };
}

function httpRoutes({ table, application }: HttpService): object[] {
  const isGrpc = application === 'grpc';
  return table.hosts.map((host, index) => ({
    apiVersion: `${GATEWAY_API}/v1`,
    kind: isGrpc ? 'GRPCRoute' : 'HTTPRoute',
    metadata: { name: `host-${index}`, namespace: 'default' },
    spec: {
      parentRefs: PARENT_REFS,
      ...(host !== '*' && { hostnames: [host] }),
      rules: isGrpc ? [{ backendRefs: BACKEND_REFS }] : table.rules.map(rule),
    },
  }));
}

const relayRoute = (kind: 'TCPRoute' | 'UDPRoute'): object => ({
  apiVersion: `${GATEWAY_API}/v1alpha2`,
  kind,
  metadata: { name: 'all', namespace: 'default' },
  spec: { parentRefs: PARENT_REFS, rules: [{ backendRefs: BACKEND_REFS }] },
});

function routes({ service }: ProxySetup): object[] {
  if (service.kind === 'http') return httpRoutes(service);
  return [relayRoute(service.kind === 'tcp' ? 'TCPRoute' : 'UDPRoute')];
}

function listener({ port, service }: ProxySetup): object {
  if (service.kind !== 'http') return { name: 'front', protocol: service.kind.toUpperCase(), port };
  if (!service.tls) return { name: 'front', protocol: 'HTTP', port };
  return { name: 'front', protocol: 'HTTPS', port, tls: { certificateRefs: [{ name: 'front-tls' }] } };
}

function secret({ certificate }: ProxySetup): object {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'front-tls', namespace: 'default' },
    type: 'kubernetes.io/tls',
    stringData: {
      'tls.crt': readFileSync(certificate.certificatePath, 'utf8'),
      'tls.key': readFileSync(certificate.keyPath, 'utf8'),
    },
  };
}

function backend({ backendPort, service }: ProxySetup): object[] {
  const protocol = service.kind === 'udp' ? 'UDP' : 'TCP';
  const isGrpc = service.kind === 'http' && service.application === 'grpc';
  const port = { name: 'main', protocol, ...(isGrpc && { appProtocol: 'kubernetes.io/h2c' }) };
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'backend', namespace: 'default' },
      spec: { ports: [{ ...port, port: 80, targetPort: backendPort }] },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: 'backend-1',
        namespace: 'default',
        labels: { 'kubernetes.io/service-name': 'backend' },
      },
      addressType: 'IPv4',
      ports: [{ ...port, port: backendPort }],
      endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true } }],
    },
  ];
}

function manifests(setup: ProxySetup): object[] {
  const { service } = setup;
  return [
    {
      apiVersion: `${GATEWAY_API}/v1`,
      kind: 'GatewayClass',
      metadata: { name: 'sluice' },
      spec: { controllerName: 'sluice.dev/gateway-controller' },
    },
    {
      apiVersion: `${GATEWAY_API}/v1`,
      kind: 'Gateway',
      metadata: { name: 'bench', namespace: 'default' },
      spec: { gatewayClassName: 'sluice', listeners: [listener(setup)] },
    },
    ...backend(setup),
    ...routes(setup),
    ...(service.kind === 'http' && service.tls ? [secret(setup)] : []),
  ];
}

function prepare(entry: string, setup: ProxySetup): Command {
  const path = join(setup.folder, 'manifests.yaml');
  writeFileSync(
    path,
    manifests(setup)
      .map((object) => stringify(object))
      .join('---\n'),
  );
  const log = setup.accessLog ? join(setup.folder, 'access.log') : 'off';
  const options = ['--workers', `${setup.workers}`, '--bind', '127.0.0.1', '--admin', '127.0.0.1:0'];
  return { file: entry, args: ['run', path, ...options, '--access-log', log] };
}

function sluiceFrom(name: string, checkout: string): Peer {
  const entry = join(checkout, 'bin', 'sluice');
  return {
    name,
    version: () => versionOf({ path: entry, env: {} }, ['--version']),
    serves: () => true,
    prepare: (setup) => prepare(entry, setup),
  };
}

export const sluicePeer: Peer = sluiceFrom('sluice', HERE);

/** Another commit of Sluice: `--checkout 'name=folder'`. Throws a usage error when the text has no name or no folder. */
export function checkoutPeer(text: string): Peer {
  const [, name, checkout] = /^([\w-]+)=(.+)$/u.exec(text) ?? [];
  if (name === undefined || checkout === undefined) {
    throw new Error(
      `--checkout "${text}": write NAME=FOLDER, the folder of a checkout with its packages installed`,
    );
  }
  return sluiceFrom(name, checkout);
}
