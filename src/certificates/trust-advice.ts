/** How to make programs on this machine trust the development authority. */
import { resolve } from 'node:path';
import type { WrittenFiles } from './certificate-files.ts';

type Files = Pick<WrittenFiles, 'authority' | 'certificate' | 'key'>;

const SYSTEM_STORE: Readonly<Partial<Record<NodeJS.Platform, (path: string) => readonly string[]>>> = {
  linux: (path) => [
    `sudo cp ${path} /usr/local/share/ca-certificates/sluice-development.crt && sudo update-ca-certificates   (Debian, Ubuntu)`,
    `sudo trust anchor ${path}   (Fedora, Arch)`,
  ],
  darwin: (path) => [
    `sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain ${path}`,
  ],
  win32: (path) => [`certutil -user -addstore Root ${path}`],
};

/** Lines for the terminal. The lines also warn that its key can impersonate any site to those who trust it. */
export function trustAdvice(files: Files, isClient: boolean, platform: NodeJS.Platform): string {
  const authority = resolve(files.authority);
  const use = isClient
    ? [`curl --cert ${files.certificate} --key ${files.key} --cacert ${files.authority} https://…`]
    : [`curl --cacert ${files.authority} https://…`, `NODE_EXTRA_CA_CERTS=${authority} node …`];
  const system = SYSTEM_STORE[platform]?.(authority) ?? [];
  return [
    'To trust the CA for one command:',
    ...use.map((line) => `  ${line}`),
    ...(system.length === 0
      ? []
      : ['For everything on this machine (browsers need a restart; Firefox has its own store):']),
    ...system.map((line) => `  ${line}`),
    'Keep ca.key to yourself: anyone who has it can impersonate any site to those who trust the CA.',
  ].join('\n');
}
