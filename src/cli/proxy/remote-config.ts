/**
 * Configuration from the controller for the workers of this proxy: kept on disk as it last was good, so that a proxy that restarts
 * without its controller serves on, and followed again as soon as there is one.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { followConfig, type DataPlane } from '../../configsync/client.ts';
import type { ConfigServer } from '../../configsync/server.ts';
import { changeBetween } from '../../controller/change-filter.ts';
import type { EndpointSet } from '../../ir/cluster.ts';
import { decodeConfig, encodeConfig } from '../../ir/codec.ts';
import type { GatewayConfig } from '../../ir/gateway-config.ts';
import type { Logger } from '../../telemetry/logger.ts';

const SAVED = 'config.json';
const MIN_RETRY_MS = 200;
const MAX_RETRY_MS = 5_000;
const KEEPALIVE_MS = 15_000;

/** What the controller is told is a data plane: the workers, as one. */
export class WorkersAsOne implements DataPlane {
  readonly #server: ConfigServer;
  readonly #stateFolder: string;
  readonly #logger: Logger;
  #configs: readonly GatewayConfig[] = [];
  #waiting: (() => void)[] = [];

  constructor(server: ConfigServer, stateFolder: string, logger: Logger) {
    this.#server = server;
    this.#stateFolder = stateFolder;
    this.#logger = logger;
  }

  /** Puts the saved configuration in force, if there is one. */
  restore(): void {
    try {
      const saved = JSON.parse(readFileSync(join(this.#stateFolder, SAVED), 'utf8')) as readonly string[];
      this.#publish(saved.map(decodeConfig));
      this.#logger.info('serving the saved configuration until the controller answers');
    } catch {
      // A first start has nothing saved.
    }
  }

  /** A worker acknowledged, came or went. */
  onPeerChange(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const check of waiting) check();
  }

  async apply(configs: readonly GatewayConfig[]): ReturnType<DataPlane['apply']> {
    this.#publish(configs);
    await this.#acknowledged(this.#server.revision);
    this.#save();
    return { ports: this.#server.peers[0]?.ports ?? [] };
  }

  applyEndpoints(set: EndpointSet): void {
    const moved = this.#configs.map((config) => withEndpoints(config, set));
    this.#publish(moved);
    this.#save();
  }

  #publish(configs: readonly GatewayConfig[]): void {
    this.#configs = configs;
    const change = changeBetween(this.#server.configs, configs.map(versioned));
    if (change !== null) this.#server.publish(change);
    else if (this.#server.revision === 0)
      this.#server.publish({ changed: [], endpointsChanged: [], removed: [] });
  }

  #acknowledged(revision: number): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        const { peers } = this.#server;
        if (peers.length > 0 && peers.every(({ acknowledged }) => acknowledged >= revision)) resolve();
        else this.#waiting.push(check);
      };
      check();
    });
  }

  /** Written beside and moved into place: a crash leaves the one before. */
  #save(): void {
    const file = join(this.#stateFolder, SAVED);
    try {
      writeFileSync(`${file}.new`, JSON.stringify(this.#configs.map(encodeConfig)), { mode: 0o600 });
      renameSync(`${file}.new`, file);
    } catch (error) {
      this.#logger.warn('configuration not saved', { error: String(error) });
    }
  }
}

function withEndpoints(config: GatewayConfig, set: EndpointSet): GatewayConfig {
  if (!config.endpoints.some(({ cluster }) => cluster === set.cluster)) return config;
  const endpoints = config.endpoints.map((old) => (old.cluster === set.cluster ? set : old));
  return { ...config, endpoints };
}

let revisions = 0;

/** Endpoints that moved keep the version of the whole; workers must see a difference all the same. */
const versioned = (config: GatewayConfig): GatewayConfig => ({
  ...config,
  version: `${config.version}+${String(++revisions)}`,
});

export interface RemoteOptions {
  readonly controller: { readonly host: string; readonly port: number };
  /** Folder with ca.crt, tls.crt and tls.key; read anew for each connection, since they rotate. */
  readonly identityFolder: string;
  readonly name: string;
  readonly dataPlane: DataPlane;
  readonly logger: Logger;
}

/** Follows the controller until the signal aborts, connecting again whenever the stream breaks. */
export function followController(options: RemoteOptions, signal: AbortSignal): void {
  const { controller, identityFolder, name, dataPlane, logger } = options;
  let retryMs = MIN_RETRY_MS;
  const start = (): void => {
    if (signal.aborted) return;
    const read = (file: string): Buffer => readFileSync(join(identityFolder, file));
    const socket = connect({
      host: controller.host,
      port: controller.port,
      servername: controller.host,
      ca: read('ca.crt'),
      cert: read('tls.crt'),
      key: read('tls.key'),
      minVersion: 'TLSv1.3',
    });
    signal.addEventListener('abort', () => socket.destroy(), { once: true });
    socket.once('secureConnect', () => {
      retryMs = MIN_RETRY_MS;
      socket.setKeepAlive(true, KEEPALIVE_MS);
      logger.info('following the controller', { controller: controller.host });
      followConfig({ stream: socket, dataPlane, name, logger });
    });
    socket.on('error', (error: Error) => {
      logger.warn('no controller', { error: error.message });
    });
    socket.once('close', () => {
      setTimeout(start, retryMs * (0.5 + Math.random()));
      retryMs = Math.min(retryMs * 2, MAX_RETRY_MS);
    });
  };
  start();
}
