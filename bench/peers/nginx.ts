/** nginx as a proxy of everything that is compared. */
import { join } from 'node:path';
import type { RoutingTable, TableRule } from '../routing-table.ts';
import type { HttpService } from '../service.ts';
import { versionOf } from '../tools/command.ts';
import type { Tool } from '../tools/tool.ts';
import { mainContext, tempPaths, writeNginxConfig } from './nginx-config.ts';
import type { Peer, ProxySetup } from './peer.ts';

const STREAM_MODULE = 'usr/lib/nginx/modules/ngx_stream_module.so';

const HTTP_FIELDS = `
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Request-Id $request_id;`;

const GRPC_FIELDS = HTTP_FIELDS.replace(
  /\n\s+proxy_(?:http_version|set_header Connection).*/gu,
  '',
).replaceAll('proxy_set_header', 'grpc_set_header');

const FIELDS = {
  http: HTTP_FIELDS,
  websocket: HTTP_FIELDS.replace(
    'Connection ""',
    'Upgrade $http_upgrade;\n      proxy_set_header Connection "upgrade"',
  ),
  grpc: GRPC_FIELDS,
};

/** Rules with the same path share a location; their extra conditions are `if`s in their order. */
function locations(rules: readonly TableRule[], pass: string): string {
  const byPath = Map.groupBy(rules, ({ path }) => `${path.kind === 'exact' ? '= ' : ''}${path.value}`);
  return [...byPath]
    .map(([path, group]) => {
      const conditions = group.map(({ header, query }) => {
        const variable = header
          ? `$http_${header.name.replaceAll('-', '_')}`
          : query
            ? `$arg_${query.name}`
            : null;
        return variable === null ? pass : `if (${variable} = "${header?.value ?? query?.value}") { ${pass} }`;
      });
      return `    location ${path} { ${conditions.join(' ')} }`;
    })
    .join('\n');
}

function servers(table: RoutingTable, listen: string, pass: string): string {
  const body = locations(table.rules, pass);
  return table.hosts
    .map(
      (host) =>
        `  server {\n    listen ${listen};\n    server_name ${host === '*' ? '_' : host};\n${body}\n  }`,
    )
    .join('\n');
}

/** Socket options may be written once per address: in the first server. */
function serverBlocks({ port, workers }: ProxySetup, service: HttpService): string {
  const address = `127.0.0.1:${port}${service.tls ? ' ssl' : ''}${service.downstream === 'h2' ? ' http2' : ''}`;
  const pass = service.application === 'grpc' ? 'grpc_pass grpc://backend;' : 'proxy_pass http://backend;';
  const [first, ...rest] = servers(service.table, address, pass).split(`${address};`);
  return `${first}${address} backlog=4096${workers > 1 ? ' reuseport' : ''};${rest.join(`${address};`)}`;
}

function tlsSettings({ certificate }: ProxySetup): string {
  return `
  ssl_certificate ${certificate.certificatePath};
  ssl_certificate_key ${certificate.keyPath};
  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_session_cache shared:sessions:10m;`;
}

function httpContext(setup: ProxySetup, service: HttpService): string {
  const { folder, backendPort, accessLog } = setup;
  const log = accessLog ? `${folder}/access.log combined buffer=64k flush=1s` : 'off';
  return `http {
${tempPaths(folder)}
  access_log ${log};
  keepalive_requests 1000000000;
  keepalive_timeout 300s;
  server_names_hash_max_size 8192;
  proxy_request_buffering off;${service.tls ? tlsSettings(setup) : ''}
  upstream backend {
    server 127.0.0.1:${backendPort};
    keepalive ${service.application === 'grpc' ? 512 : 128};
    keepalive_requests 1000000000;
  }${FIELDS[service.application]}
${serverBlocks(setup, service)}
}
`;
}

function streamContext({ port, backendPort }: ProxySetup, kind: 'tcp' | 'udp'): string {
  return `stream {
  server {
    listen 127.0.0.1:${port}${kind === 'udp' ? ' udp' : ' backlog=4096'};
    proxy_pass 127.0.0.1:${backendPort};
    proxy_timeout 300s;
  }
}
`;
}

export const nginxPeer = (tool: Tool): Peer => ({
  name: 'nginx',
  version: () => versionOf(tool, ['-v']),
  serves: () => true,
  prepare(setup) {
    const { service, folder, workers } = setup;
    const isHttp = service.kind === 'http';
    const modules = isHttp || tool.root === undefined ? [] : [join(tool.root, STREAM_MODULE)];
    const context = isHttp ? httpContext(setup, service) : streamContext(setup, service.kind);
    const config = writeNginxConfig(folder, mainContext(folder, workers, modules) + context);
    return { file: tool.path, env: tool.env, ...config };
  },
});
