/** Sluice itself: the same table as Gateway API objects, served by the same command as users run. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import type { RoutingTable, TableRule } from '../routing-table.ts';
import { versionOf } from '../tools/command.ts';
import type { Command, Peer, ProxySetup } from './peer.ts';

const ENTRY = fileURLToPath(new URL('../../bin/sluice', import.meta.url));

function rule({ path, header, query }: TableRule): object {
  return {
    matches: [
      {
        path: { type: path.kind === 'exact' ? 'Exact' : 'PathPrefix', value: path.value },
        ...(header && { headers: [header] }),
        ...(query && { queryParams: [query] }),
      },
    ],
    backendRefs: [{ name: 'backend', port: 80 }],
  };
}

const gatewayApi = 'gateway.networking.k8s.io/v1';

function routes(table: RoutingTable): object[] {
  return table.hosts.map((host, index) => ({
    apiVersion: gatewayApi,
    kind: 'HTTPRoute',
    metadata: { name: `host-${index}`, namespace: 'default' },
    spec: {
      parentRefs: [{ name: 'bench' }],
      ...(host !== '*' && { hostnames: [host] }),
      rules: table.rules.map(rule),
    },
  }));
}

function manifests({ port, backendPort, table }: ProxySetup): object[] {
  return [
    {
      apiVersion: gatewayApi,
      kind: 'GatewayClass',
      metadata: { name: 'sluice' },
      spec: { controllerName: 'sluice.dev/gateway-controller' },
    },
    {
      apiVersion: gatewayApi,
      kind: 'Gateway',
      metadata: { name: 'bench', namespace: 'default' },
      spec: { gatewayClassName: 'sluice', listeners: [{ name: 'http', protocol: 'HTTP', port }] },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'backend', namespace: 'default' },
      spec: { ports: [{ name: 'http', port: 80, targetPort: backendPort }] },
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
      ports: [{ name: 'http', port: backendPort, protocol: 'TCP' }],
      endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true } }],
    },
    ...routes(table),
  ];
}

function prepare(setup: ProxySetup): Command {
  const path = join(setup.folder, 'manifests.yaml');
  writeFileSync(
    path,
    manifests(setup)
      .map((object) => stringify(object))
      .join('---\n'),
  );
  const log = setup.accessLog ? join(setup.folder, 'access.log') : 'off';
  const options = ['--workers', `${setup.workers}`, '--bind', '127.0.0.1', '--admin', '127.0.0.1:0'];
  return { file: ENTRY, args: ['run', path, ...options, '--access-log', log] };
}

export const sluicePeer: Peer = {
  name: 'sluice',
  version: () => versionOf({ path: ENTRY, env: {} }, ['--version']),
  prepare,
};
