/** What every configuration of nginx here begins with. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from './peer.ts';

/** The main context; `modules` are paths of shared objects. */
export function mainContext(folder: string, workers: number, modules: readonly string[] = []): string {
  return `${modules.map((path) => `load_module ${path};\n`).join('')}worker_processes ${workers};
daemon off;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log error;
worker_rlimit_nofile 65536;
events { worker_connections 32768; }
`;
}

export const tempPaths = (folder: string): string => `  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;`;

/** Writes the file and creates the folders that nginx needs. */
export function writeNginxConfig(folder: string, text: string): Omit<Command, 'file'> {
  for (const name of ['body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']) mkdirSync(join(folder, name));
  const path = join(folder, 'nginx.conf');
  writeFileSync(path, text);
  return { args: ['-p', folder, '-c', path, '-e', join(folder, 'error.log')] };
}
