/**
 * Configuration for many Gateways, each with proxies of its own: every proxy is sent its Gateway's configuration and nothing else.
 */
import type { Duplex } from 'node:stream';
import type { GatewayConfig } from '../ir/gateway-config.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { ConfigChange } from './config-state.ts';
import { gatewayKey, type GatewayKey } from './protocol.ts';
import { createConfigServer, type ConfigServer, type PeerState } from './server.ts';

export interface FleetOptions {
  readonly logger: Logger;
  /** A proxy of any Gateway came, went, acknowledged or refused. */
  readonly onPeerChange: () => void;
}

export class Fleet implements ConfigServer {
  readonly #options: FleetOptions;
  readonly #servers = new Map<GatewayKey, ConfigServer>();
  revision = 0;

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  /** The configuration server of one Gateway; made when it is first asked for, perhaps by a proxy that is early. */
  serverOf(key: GatewayKey): ConfigServer {
    let server = this.#servers.get(key);
    if (server === undefined) {
      server = createConfigServer(this.#options);
      this.#servers.set(key, server);
    }
    return server;
  }

  publish({ changed, endpointsChanged, removed }: ConfigChange): void {
    this.revision += 1;
    const nothing: ConfigChange = { changed: [], endpointsChanged: [], removed: [] };
    for (const config of changed) this.#serverFor(config).publish({ ...nothing, changed: [config] });
    for (const entry of endpointsChanged) {
      this.#serverFor(entry.config).publish({ ...nothing, endpointsChanged: [entry] });
    }
    for (const key of removed) this.serverOf(key).publish({ ...nothing, removed: [key] });
  }

  #serverFor({ gateway }: GatewayConfig): ConfigServer {
    return this.serverOf(gatewayKey(gateway));
  }

  /** A proxy that has proven to belong to `key`. */
  attachTo(key: GatewayKey, stream: Duplex): void {
    this.serverOf(key).attach(stream);
  }

  attach(): void {
    throw new Error('a proxy of a fleet is attached to its Gateway');
  }

  get configs(): readonly GatewayConfig[] {
    return [...this.#servers.values()].flatMap(({ configs }) => configs);
  }

  get peers(): readonly PeerState[] {
    return [...this.#servers.values()].flatMap(({ peers }) => peers);
  }

  published(key: GatewayKey): ReturnType<ConfigServer['published']> {
    return this.#servers.get(key)?.published(key) ?? null;
  }

  close(): void {
    for (const server of this.#servers.values()) server.close();
  }
}
