/** The backend of HTTP/1.1: nginx, with 120 bytes for any path and files below /files/. */
import { mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mainContext, tempPaths, writeNginxConfig } from '../peers/nginx-config.ts';
import type { Command } from '../peers/peer.ts';
import type { Tool } from '../tools/tool.ts';

const MIB = 1024 * 1024;

/** Files of holes: 1 MiB and 100 MiB. */
function makeFiles(files: string): void {
  rmSync(files, { recursive: true, force: true });
  mkdirSync(files);
  for (const [name, bytes] of [
    ['1m', MIB],
    ['100m', 100 * MIB],
  ] as const) {
    writeFileSync(join(files, name), '');
    truncateSync(join(files, name), bytes);
  }
}

export function prepareHttpBackend(tool: Tool, port: number, folder: string): Command {
  const files = join(folder, 'files');
  makeFiles(files);
  const config = writeNginxConfig(
    folder,
    `${mainContext(folder, 1)}http {
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
