/** A proxy that takes part in a comparison. */
import type { CertificateFiles } from '../tools/certificate.ts';
import type { Service } from '../service.ts';

/**
 * What a proxy is to do. Where it speaks HTTP it adds X-Forwarded-For, X-Forwarded-Proto and X-Request-Id, and pools upstream
 * connections.
 */
export interface ProxySetup {
  readonly port: number;
  readonly backendPort: number;
  readonly workers: number;
  readonly service: Service;
  readonly accessLog: boolean;
  /** Of a service over TLS. */
  readonly certificate: CertificateFiles;
  /** An empty folder for configuration and logs. */
  readonly folder: string;
}

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Peer {
  readonly name: string;
  /** As the program itself tells it, for the conditions of a table. */
  version(): Promise<string>;
  /** A peer takes part only where it can do what is asked. */
  serves(service: Service): boolean;
  /** Writes configuration below `setup.folder` and says how to start it in the foreground. */
  prepare(setup: ProxySetup): Command;
}
