/**
 * Follows the controller's configuration for the workers of this proxy, and reconnects whenever the stream breaks. Meanwhile the
 * active configuration stays active.
 */
import { describeFileError } from '../lib/file-error.ts';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { followConfig, type DataPlane } from '../configsync/client.ts';
import type { PortReport } from '../configsync/protocol.ts';
import type { ConfigServer } from '../configsync/server.ts';
import type { EndpointSet } from '../ir/cluster.ts';
import type { GatewayConfig } from '../ir/gateway-config.ts';
import type { Logger } from '../telemetry/logger.ts';
import { dialController } from '../configsync/dial-controller.ts';
import { collectGarbage } from './heap.ts';
import type { SavedConfig } from './saved-config.ts';

const MIN_RETRY_MS = 200;
const MAX_RETRY_MS = 5_000;

/** The workers, presented to the controller as one data plane. */
export class WorkersAsOne implements DataPlane {
  readonly #server: ConfigServer;
  readonly #saved: SavedConfig;
  readonly #onShare: (proxies: number) => void;
  #waiting: (() => void)[] = [];
  /** As JSON: workers report their ports with every acknowledgment, mostly the same ones. */
  #reportedPorts = '';
  #onPortsChanged: (ports: readonly PortReport[]) => void = () => undefined;

  /** `onShare`: called with the number of proxies that share the limits. */
  constructor(
    server: ConfigServer,
    saved: SavedConfig,
    onShare: (proxies: number) => void = () => undefined,
  ) {
    this.#server = server;
    this.#saved = saved;
    this.#onShare = onShare;
  }

  /** The active configuration, or the one being sent to the workers. */
  get configs(): readonly GatewayConfig[] {
    return this.#server.configs;
  }

  /** Applies the saved configuration, if there is one. */
  restore(): void {
    const configs = this.#saved.read();
    if (configs !== null) this.#server.publish(configs);
  }

  /** A worker acknowledged, attached or detached. */
  onPeerChange(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const check of waiting) check();
    const ports = this.#ports;
    const text = JSON.stringify(ports);
    if (text === this.#reportedPorts) return;
    this.#reportedPorts = text;
    this.#onPortsChanged(ports);
  }

  onPortsChanged(listener: (ports: readonly PortReport[]) => void): void {
    this.#onPortsChanged = listener;
  }

  async apply(configs: readonly GatewayConfig[]): ReturnType<DataPlane['apply']> {
    this.#server.publish(configs);
    await this.#acknowledged(this.#server.revision);
    const { peers } = this.#server;
    const [refusal] = peers.flatMap(({ refused }) => refused);
    if (refusal !== undefined) throw new Error(refusal.message);
    this.#saved.write(configs);
    return { ports: this.#ports, problems: peers[0]?.problems ?? [] };
  }

  /** All workers have the same ports. */
  get #ports(): readonly PortReport[] {
    return this.#server.peers[0]?.ports ?? [];
  }

  shareAmong(proxies: number): void {
    this.#onShare(proxies);
  }

  applyEndpoints(_sets: readonly EndpointSet[], configs: readonly GatewayConfig[]): void {
    this.#server.publish(configs);
    this.#saved.write(configs);
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
}

export interface RemoteOptions {
  readonly controller: { readonly host: string; readonly port: number };
  /** Folder with ca.crt, tls.crt and tls.key; read again for each connection, because they rotate. */
  readonly identityFolder: string;
  readonly name: string;
  readonly dataPlane: DataPlane & Pick<WorkersAsOne, 'configs'>;
  readonly logger: Logger;
  readonly dialTimeoutMs?: number;
}

/** Follows the controller until the signal aborts, and reconnects whenever the stream breaks. */
export function followController(options: RemoteOptions, signal: AbortSignal): void {
  const { controller, name, dataPlane, logger } = options;
  let retryMs = MIN_RETRY_MS;
  let retry: NodeJS.Timeout | null = null;
  let socket: TLSSocket | null = null;
  const later = (): void => {
    if (signal.aborted) return;
    retry = setTimeout(start, retryMs * (0.5 + Math.random()));
    retryMs = Math.min(retryMs * 2, MAX_RETRY_MS);
  };
  const start = (): void => {
    try {
      socket = dial(options);
    } catch (error) {
      // The identity is mounted by the kubelet, and replaced when it rotates: for a moment it may be missing or incomplete.
      logger.warn('no client certificate for the controller; set its folder with --identity', {
        error: describeFileError(error),
      });
      later();
      return;
    }
    const stream = socket;
    stream.once('secureConnect', () => {
      retryMs = MIN_RETRY_MS;
      logger.info('following the controller', { controller: controller.host });
      const serving = dataPlane.configs;
      followConfig({ stream, dataPlane: collectingAfterFirst(dataPlane), name, logger, serving });
    });
    stream.on('error', (error: Error) => {
      logger.warn('no controller', { error: error.message });
    });
    stream.once('close', later);
  };
  signal.addEventListener(
    'abort',
    () => {
      if (retry !== null) clearTimeout(retry);
      socket?.destroy();
    },
    { once: true },
  );
  start();
}

/** A stream begins with the complete configuration: the memory of its messages is returned once the workers have it. */
function collectingAfterFirst(dataPlane: RemoteOptions['dataPlane']): DataPlane {
  let isFirst = true;
  return {
    async apply(configs) {
      try {
        return await dataPlane.apply(configs);
      } finally {
        if (isFirst) setImmediate(collectGarbage);
        isFirst = false;
      }
    },
    applyEndpoints: (sets, configs) => dataPlane.applyEndpoints(sets, configs),
    shareAmong: (proxies) => dataPlane.shareAmong?.(proxies),
    onPortsChanged: (listener) => dataPlane.onPortsChanged?.(listener),
  };
}

/** Throws when the identity cannot be read. */
function dial({ controller: { host, port }, identityFolder, dialTimeoutMs }: RemoteOptions): TLSSocket {
  const read = (file: string): Buffer => readFileSync(join(identityFolder, file));
  return dialController({
    host,
    port,
    service: host,
    identity: { ca: read('ca.crt'), cert: read('tls.crt'), key: read('tls.key') },
    ...(dialTimeoutMs === undefined ? {} : { timeoutMs: dialTimeoutMs }),
  });
}
