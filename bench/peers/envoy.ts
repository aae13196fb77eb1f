/** Envoy, with its whole configuration static; JSON is YAML. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RoutingTable, TableRule } from '../routing-table.ts';
import type { HttpService } from '../service.ts';
import { versionOf } from '../tools/command.ts';
import type { Tool } from '../tools/tool.ts';
import type { Peer, ProxySetup } from './peer.ts';

const V3 = 'type.googleapis.com/envoy.extensions';

const socketAddress = (port: number, protocol = 'TCP'): object => ({
  socket_address: { protocol, address: '127.0.0.1', port_value: port },
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

function connectionManager({ accessLog, folder }: ProxySetup, service: HttpService): object {
  const logger = {
    name: 'envoy.access_loggers.file',
    typed_config: {
      '@type': `${V3}.access_loggers.file.v3.FileAccessLog`,
      path: join(folder, 'access.log'),
    },
  };
  return {
    '@type': `${V3}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: 'front',
    codec_type: service.downstream === 'h2' ? 'HTTP2' : 'HTTP1',
    use_remote_address: true,
    normalize_path: true,
    ...(service.application === 'websocket' && { upgrade_configs: [{ upgrade_type: 'websocket' }] }),
    access_log: accessLog ? [logger] : [],
    route_config: routeConfig(service.table),
    http_filters: [
      {
        name: 'envoy.filters.http.router',
        typed_config: { '@type': `${V3}.filters.http.router.v3.Router` },
      },
    ],
  };
}

function tlsSocket({ certificate }: ProxySetup, { downstream }: HttpService): object {
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': `${V3}.transport_sockets.tls.v3.DownstreamTlsContext`,
      common_tls_context: {
        alpn_protocols: downstream === 'h2' ? ['h2'] : ['http/1.1'],
        // The default ends at TLS 1.2 for servers.
        tls_params: { tls_minimum_protocol_version: 'TLSv1_2', tls_maximum_protocol_version: 'TLSv1_3' },
        tls_certificates: [
          {
            certificate_chain: { filename: certificate.certificatePath },
            private_key: { filename: certificate.keyPath },
          },
        ],
      },
    },
  };
}

const streamFilter = (name: string, typeName: string, fields: object): object => ({
  name,
  typed_config: { '@type': `${V3}.filters.${typeName}`, stat_prefix: 'front', ...fields },
});

function filterChain(setup: ProxySetup): object {
  const { service } = setup;
  if (service.kind === 'http') {
    const manager = { name: 'http', typed_config: connectionManager(setup, service) };
    return { filters: [manager], ...(service.tls && { transport_socket: tlsSocket(setup, service) }) };
  }
  return { filters: [streamFilter('tcp', 'network.tcp_proxy.v3.TcpProxy', { cluster: 'backend' })] };
}

function listener(setup: ProxySetup): object {
  if (setup.service.kind !== 'udp') {
    return {
      name: 'front',
      address: socketAddress(setup.port),
      tcp_backlog_size: 4096,
      filter_chains: [filterChain(setup)],
    };
  }
  const action = {
    name: 'route',
    typed_config: { '@type': `${V3}.filters.udp.udp_proxy.v3.Route`, cluster: 'backend' },
  };
  const proxy = streamFilter('udp', 'udp.udp_proxy.v3.UdpProxyConfig', {
    matcher: { on_no_match: { action } },
  });
  return { name: 'front', address: socketAddress(setup.port, 'UDP'), listener_filters: [proxy] };
}

/** HTTP/2 to the backend, where gRPC is spoken. */
const HTTP2_OPTIONS = {
  typed_extension_protocol_options: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': `${V3}.upstreams.http.v3.HttpProtocolOptions`,
      explicit_http_config: { http2_protocol_options: {} },
    },
  },
};

function config(setup: ProxySetup): object {
  const { service } = setup;
  const protocol = service.kind === 'udp' ? 'UDP' : 'TCP';
  return {
    static_resources: {
      listeners: [listener(setup)],
      clusters: [
        {
          name: 'backend',
          type: 'STATIC',
          connect_timeout: '10s',
          ...(service.kind === 'http' && service.application === 'grpc' && HTTP2_OPTIONS),
          // The default breakers (1024) would refuse the idle-connection scenarios.
          circuit_breakers: {
            thresholds: [{ max_connections: 65536, max_pending_requests: 65536, max_requests: 65536 }],
          },
          load_assignment: {
            cluster_name: 'backend',
            endpoints: [
              { lb_endpoints: [{ endpoint: { address: socketAddress(setup.backendPort, protocol) } }] },
            ],
          },
        },
      ],
    },
  };
}

export const envoyPeer = (tool: Tool): Peer => ({
  name: 'envoy',
  version: () => versionOf(tool, ['--version']),
  serves: () => true,
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
