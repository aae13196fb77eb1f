/** HAProxy, with map files for hosts and paths. It relays no datagrams. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RoutingTable, TableRule } from '../routing-table.ts';
import type { HttpService } from '../service.ts';
import { connectionsPossible } from '../measure/open-files.ts';
import { versionOf } from '../tools/command.ts';
import type { Tool } from '../tools/tool.ts';
import type { Peer, ProxySetup } from './peer.ts';

/** One map of `host + path` per rule: `base` is both, without query. */
function ruleLine(rule: TableRule, index: number, table: RoutingTable, folder: string): string {
  const map = join(folder, `rule-${index}.map`);
  writeFileSync(map, table.hosts.map((host) => `${host}${rule.path.value} backend\n`).join(''));
  const lookup = rule.path.kind === 'exact' ? 'map_str' : 'map_beg';
  const extra = [
    rule.header ? ` { req.hdr(${rule.header.name}) ${rule.header.value} }` : '',
    rule.query ? ` { urlp(${rule.query.name}) ${rule.query.value} }` : '',
  ].join('');
  return `  use_backend backend if { base,${lookup}(${map}) -m found }${extra}`;
}

function rules({ table }: HttpService, folder: string): string {
  return table.hosts.includes('*')
    ? '  default_backend backend'
    : table.rules.map((rule, index) => ruleLine(rule, index, table, folder)).join('\n');
}

/** Options of `bind` for what clients speak. */
function bindOptions({ tls, downstream }: HttpService, { certificate }: ProxySetup): string {
  if (tls) return ` ssl crt ${certificate.bundlePath} alpn h2,http/1.1`;
  return downstream === 'h2' ? ' proto h2' : '';
}

function httpProxy(setup: ProxySetup, service: HttpService): string {
  const { folder, port, backendPort, accessLog } = setup;
  return `  mode http
  timeout http-keep-alive 300s
  http-reuse always
${accessLog ? '  log global\n  option httplog\n' : ''}frontend front
  bind 127.0.0.1:${port} backlog 4096${bindOptions(service, setup)}
  option forwardfor
  http-request set-header X-Forwarded-Proto ${service.tls ? 'https' : 'http'}
  unique-id-format %{+X}o\\ %ci:%cp_%fi:%fp_%Ts_%rt:%pid
  unique-id-header X-Request-Id
${rules(service, folder)}
backend backend
  server one 127.0.0.1:${backendPort} pool-max-conn 128${service.application === 'grpc' ? ' proto h2' : ''}
`;
}

const tcpProxy = ({ port, backendPort }: ProxySetup): string => `  mode tcp
listen front
  bind 127.0.0.1:${port} backlog 4096
  server one 127.0.0.1:${backendPort}
`;

function prepare(setup: ProxySetup): string {
  const { folder, workers, accessLog, service } = setup;
  const config = join(folder, 'haproxy.cfg');
  writeFileSync(
    config,
    `global
  nbthread ${workers}
  maxconn ${connectionsPossible(32_768)}
${accessLog ? '  log stdout format raw local0\n' : ''}defaults
  timeout connect 10s
  timeout client 300s
  timeout server 300s
  timeout tunnel 300s
${service.kind === 'http' ? httpProxy(setup, service) : tcpProxy(setup)}`,
  );
  return config;
}

export const haproxyPeer = (tool: Tool): Peer => ({
  name: 'haproxy',
  version: () => versionOf(tool, ['-v']),
  serves: ({ kind }) => kind !== 'udp',
  prepare: (setup) => ({ file: tool.path, env: tool.env, args: ['-db', '-f', prepare(setup)] }),
});
