/** A proxy that takes part in a comparison. */
import type { RoutingTable } from '../routing-table.ts';

/** What a proxy is to do. Every one adds X-Forwarded-For, X-Forwarded-Proto and X-Request-Id, and pools upstream connections. */
export interface ProxySetup {
  readonly port: number;
  readonly backendPort: number;
  readonly workers: number;
  readonly table: RoutingTable;
  readonly accessLog: boolean;
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
  /** Writes configuration below `setup.folder` and says how to start it in the foreground. */
  prepare(setup: ProxySetup): Command;
}
