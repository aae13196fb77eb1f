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
    serves: () => true,
    prepare({ port, backendPort, service, workers, accessLog, certificate }) {
      const line = command.replaceAll('{port}', `${port}`).replaceAll('{backend}', `${backendPort}`);
      const hosts = service.kind === 'http' ? service.table.hosts.length : 0;
      const env = {
        HOSTS: `${hosts}`,
        WORKERS: `${workers}`,
        LOG: accessLog ? '1' : '0',
        CERT: certificate.certificatePath,
        KEY: certificate.keyPath,
      };
      return { file: '/bin/sh', args: ['-c', `exec ${line}`], env };
    },
  };
}
