/** Envoy, with its whole configuration static; JSON is YAML. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RoutingTable, TableRule } from '../routing-table.ts';
import { versionOf } from '../tools/command.ts';
import type { Tool } from '../tools/tool.ts';
import type { Peer, ProxySetup } from './peer.ts';

const socketAddress = (port: number): object => ({
  socket_address: { address: '127.0.0.1', port_value: port },
});

function route({ path, header, query }: TableRule): object {
  const pathMatch =
    path.kind === 'exact'
      ? { path: path.value }
      : path.value === '/'
        ? { prefix: '/' }
        : { path_separated_prefix: path.value };
  return {
    match: {
      ...pathMatch,
      ...(header && { headers: [{ name: header.name, string_match: { exact: header.value } }] }),
      ...(query && { query_parameters: [{ name: query.name, string_match: { exact: query.value } }] }),
    },
    route: { cluster: 'backend', timeout: '0s' },
  };
}

function routeConfig(table: RoutingTable): object {
  const routes = table.rules.map(route);
  return {
    virtual_hosts: table.hosts.map((host) => ({ name: host, domains: [host], routes })),
  };
}

function connectionManager({ table, accessLog, folder }: ProxySetup): object {
  const logger = {
    name: 'envoy.access_loggers.file',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog',
      path: join(folder, 'access.log'),
    },
  };
  return {
    '@type':
      'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    stat_prefix: 'front',
    codec_type: 'HTTP1',
    use_remote_address: true,
    normalize_path: true,
    access_log: accessLog ? [logger] : [],
    route_config: routeConfig(table),
    http_filters: [
      {
        name: 'envoy.filters.http.router',
        typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
      },
    ],
  };
}

function config(setup: ProxySetup): object {
  const manager = { name: 'http', typed_config: connectionManager(setup) };
  return {
    static_resources: {
      listeners: [
        {
          name: 'front',
          address: socketAddress(setup.port),
          tcp_backlog_size: 4096,
          filter_chains: [{ filters: [manager] }],
        },
      ],
      clusters: [
        {
          name: 'backend',
          type: 'STATIC',
          connect_timeout: '10s',
          // The default breakers (1024) would refuse the idle-connection scenarios.
          circuit_breakers: {
            thresholds: [{ max_connections: 65536, max_pending_requests: 65536, max_requests: 65536 }],
          },
          load_assignment: {
            cluster_name: 'backend',
            endpoints: [{ lb_endpoints: [{ endpoint: { address: socketAddress(setup.backendPort) } }] }],
          },
        },
      ],
    },
  };
}

export const envoyPeer = (tool: Tool): Peer => ({
  name: 'envoy',
  version: () => versionOf(tool, ['--version']),
  prepare(setup) {
    const path = join(setup.folder, 'envoy.json');
    writeFileSync(path, JSON.stringify(config(setup)));
    return {
      file: tool.path,
      env: tool.env,
      args: ['-c', path, '--concurrency', `${setup.workers}`, '--disable-hot-restart', '-l', 'error'],
    };
  },
});
