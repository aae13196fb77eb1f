/** nginx as a proxy and, with its own configuration, as the backend of every comparison. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RoutingTable, TableRule } from '../routing-table.ts';
import { versionOf } from '../tools/command.ts';
import type { Tool } from '../tools/tool.ts';
import type { Command, Peer, ProxySetup } from './peer.ts';

const FORWARD = `
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Request-Id $request_id;`;

/** Rules with the same path share a location; their extra conditions are `if`s in their order. */
function locations(rules: readonly TableRule[]): string {
  const byPath = Map.groupBy(rules, ({ path }) => `${path.kind === 'exact' ? '= ' : ''}${path.value}`);
  return [...byPath]
    .map(([path, group]) => {
      const conditions = group.map(({ header, query }) => {
        const variable = header
          ? `$http_${header.name.replaceAll('-', '_')}`
          : query
            ? `$arg_${query.name}`
            : null;
        const pass = 'proxy_pass http://backend;';
        return variable === null ? pass : `if (${variable} = "${header?.value ?? query?.value}") { ${pass} }`;
      });
      return `    location ${path} { ${conditions.join(' ')} }`;
    })
    .join('\n');
}

function servers(table: RoutingTable, listen: string): string {
  const body = locations(table.rules);
  return table.hosts
    .map(
      (host) =>
        `  server {\n    listen ${listen};\n    server_name ${host === '*' ? '_' : host};\n${body}\n  }`,
    )
    .join('\n');
}

function base(folder: string, workers: number): string {
  return `worker_processes ${workers};
daemon off;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log error;
worker_rlimit_nofile 65536;
events { worker_connections 32768; }
`;
}

function writeConfig(folder: string, text: string): Omit<Command, 'file'> {
  for (const name of ['body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']) mkdirSync(join(folder, name));
  const path = join(folder, 'nginx.conf');
  writeFileSync(path, text);
  return { args: ['-p', folder, '-c', path, '-e', join(folder, 'error.log')] };
}

const tempPaths = (folder: string): string => `  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;`;

function prepareProxy(setup: ProxySetup): Omit<Command, 'file'> {
  const { folder, port, backendPort, workers, table, accessLog } = setup;
  const log = accessLog ? `${folder}/access.log combined buffer=64k flush=1s` : 'off';
  const reuse = workers > 1 ? ' reuseport' : '';
  const [first, ...rest] = servers(table, `127.0.0.1:${port}`).split(`127.0.0.1:${port};`);
  // Socket options may be written once per address.
  const blocks = `${first}127.0.0.1:${port} backlog=4096${reuse};${rest.join(`127.0.0.1:${port};`)}`;
  return writeConfig(
    folder,
    `${base(folder, workers)}http {
${tempPaths(folder)}
  access_log ${log};
  keepalive_requests 1000000000;
  keepalive_timeout 300s;
  server_names_hash_max_size 8192;
  proxy_request_buffering off;
  upstream backend {
    server 127.0.0.1:${backendPort};
    keepalive 128;
    keepalive_requests 1000000000;
  }${FORWARD}
${blocks}
}
`,
  );
}

export const nginxPeer = (tool: Tool): Peer => ({
  name: 'nginx',
  version: () => versionOf(tool, ['-v']),
  prepare: (setup) => ({ file: tool.path, env: tool.env, ...prepareProxy(setup) }),
});

export interface BackendSetup {
  readonly port: number;
  readonly folder: string;
  /** Files below it are served as they are. */
  readonly files: string;
}

/** The backend: 120 bytes for any path, files below /files/. */
export function prepareBackend(tool: Tool, { port, folder, files }: BackendSetup): Command {
  const config = writeConfig(
    folder,
    `${base(folder, 1)}http {
${tempPaths(folder)}
  access_log off;
  keepalive_requests 1000000000;
  keepalive_timeout 300s;
  sendfile on;
  default_type text/plain;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / { return 200 "${'x'.repeat(120)}"; }
    location /files/ { alias ${files}/; }
  }
}
`,
  );
  return { file: tool.path, env: tool.env, ...config };
}
