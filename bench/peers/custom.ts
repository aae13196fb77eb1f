/** Any other proxy, given on the command line: `--also 'name=command {port} {backend}'`. */
import type { Peer } from './peer.ts';

/** Throws a usage error when the text has no name or no command. */
export function customPeer(text: string): Peer {
  const [, name, command] = /^([\w-]+)=(.+)$/u.exec(text) ?? [];
  if (name === undefined || command === undefined) {
    throw new Error(`--also "${text}": write NAME=COMMAND, with {port} and {backend} in it`);
  }
  return {
    name,
    version: () => Promise.resolve(command),
    prepare({ port, backendPort, table, workers, accessLog }) {
      const line = command.replaceAll('{port}', `${port}`).replaceAll('{backend}', `${backendPort}`);
      const env = { HOSTS: `${table.hosts.length}`, WORKERS: `${workers}`, LOG: accessLog ? '1' : '0' };
      return { file: '/bin/sh', args: ['-c', `exec ${line}`], env };
    },
  };
}
