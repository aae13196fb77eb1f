/**
 * Serves configuration to many data planes: every proxy receives the configuration of its own data plane and nothing else.
 * Other replicas of the controller report the proxies attached to them.
 */
import type { Duplex } from 'node:stream';
import type { DataPlaneId } from '../ir/data-plane-id.ts';
import type { GatewayConfig } from '../ir/gateway-config.ts';
import type { Logger } from '../telemetry/logger.ts';
import { newestOf, OUR_VERSIONS } from './versions.ts';
import type { FleetReport, ServingProxy } from './protocol.ts';
import { createConfigServer, PROXY_LIMITS, type ConfigServer, type PeerState } from './server.ts';

export interface FleetOptions {
  readonly logger: Logger;
  /** Called when a proxy of this or another replica attaches, detaches, acknowledges or refuses. */
  readonly onPeerChange: () => void;
  /** Maximum open streams of one data plane's proxies at this replica. */
  readonly maxStreams: (dataPlane: DataPlaneId) => number;
}

export class Fleet {
  readonly #options: FleetOptions;
  readonly #servers = new Map<DataPlaneId, ConfigServer>();
  /** Open streams of proxies, each with the UID in its certificate. */
  readonly #streams = new Map<DataPlaneId, Map<Duplex, string>>();
  readonly #reported = new Map<object, ReadonlyMap<DataPlaneId, readonly ServingProxy[]>>();
  revision = 0;

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  /** Sends each proxy its changes; true if there were any. */
  publish(configs: readonly GatewayConfig[]): boolean {
    const wanted = new Map(configs.map((config) => [config.dataPlane, config]));
    let isChanged = this.revision === 0;
    for (const [id, config] of wanted) isChanged = this.#serverOf(id).publish([config]) || isChanged;
    for (const [id, server] of this.#servers) {
      if (wanted.has(id)) continue;
      isChanged = server.publish([]) || isChanged;
      if (server.peers.length === 0) this.#servers.delete(id);
    }
    if (isChanged) this.revision += 1;
    return isChanged;
  }

  /** Tells the proxies of a data plane at this replica how many there are at all replicas. */
  shareAmong(dataPlane: DataPlaneId, proxies: number): void {
    this.#serverOf(dataPlane).shareAmong(proxies);
  }

  /** Serves a proxy of this data plane, unless the data plane has too many streams. `uid`: the Gateway's UID in the proxy's certificate. */
  attachTo(dataPlane: DataPlaneId, uid: string, stream: Duplex): void {
    const streams = this.#streams.get(dataPlane) ?? new Map<Duplex, string>();
    const max = this.#options.maxStreams(dataPlane);
    if (streams.size >= max) {
      this.#options.logger.warn('proxy refused: too many streams', { dataPlane, max });
      stream.destroy();
      return;
    }
    this.#streams.set(dataPlane, streams.set(stream, uid));
    stream.once('close', () => {
      streams.delete(stream);
      if (streams.size === 0 && this.#streams.get(dataPlane) === streams) this.#streams.delete(dataPlane);
    });
    this.#serverOf(dataPlane).attach(stream);
  }

  /**
   * Closes the streams of proxies whose Gateway was deleted, or deleted and re-created: a Gateway of the same name may belong to
   * another user. Call this before publishing. `uidOf`: the UID of the current Gateway, or null.
   */
  closeForeign(uidOf: (dataPlane: DataPlaneId) => string | null): void {
    for (const [dataPlane, streams] of this.#streams) {
      const current = uidOf(dataPlane);
      for (const [stream, uid] of streams) {
        if (uid === current) continue;
        this.#options.logger.info('disconnected the proxy of a deleted Gateway', { dataPlane });
        stream.destroy();
      }
    }
  }

  /** All known proxies of a data plane at all replicas, without duplicates while a proxy moves between replicas. */
  proxiesOf(dataPlane: DataPlaneId): readonly ServingProxy[] {
    const proxies = new Map<string, ServingProxy>();
    for (const report of this.#reported.values()) {
      for (const proxy of report.get(dataPlane) ?? []) proxies.set(proxy.name, proxy);
    }
    for (const proxy of this.#attachedTo(dataPlane)) proxies.set(proxy.name, proxy);
    return [...proxies.values()];
  }

  get configs(): readonly GatewayConfig[] {
    return [...this.#servers.values()].flatMap(({ configs }) => configs);
  }

  /** The state of the proxies attached to this replica, for the leader. */
  report(replica: string): FleetReport {
    const protocol = newestOf(OUR_VERSIONS.protocols);
    const dataPlanes = [...this.#servers.keys()].map((dataPlane) => ({
      dataPlane,
      proxies: this.#attachedTo(dataPlane),
    }));
    return {
      kind: 'fleet',
      protocol,
      replica,
      dataPlanes: dataPlanes.filter(({ proxies }) => proxies.length > 0),
    };
  }

  /** Stores the newest report of another replica, replacing the previous one of the same `source`. */
  reported(source: object, { dataPlanes }: FleetReport): void {
    this.#reported.set(source, new Map(dataPlanes.map(({ dataPlane, proxies }) => [dataPlane, proxies])));
    this.#options.onPeerChange();
  }

  /** Removes a source and its proxies. */
  forget(source: object): void {
    if (this.#reported.delete(source)) this.#options.onPeerChange();
  }

  close(): void {
    for (const server of this.#servers.values()) server.close();
  }

  #attachedTo(dataPlane: DataPlaneId): readonly ServingProxy[] {
    return (this.#servers.get(dataPlane)?.peers ?? []).map((peer) => servingOf(peer, dataPlane));
  }

  /** Created on first use; a proxy may attach before the first publication. */
  #serverOf(dataPlane: DataPlaneId): ConfigServer {
    let server = this.#servers.get(dataPlane);
    if (server === undefined) {
      server = createConfigServer({ ...this.#options, limits: PROXY_LIMITS });
      this.#servers.set(dataPlane, server);
    }
    return server;
  }
}

/** What a proxy does for one data plane. */
export function servingOf(
  { name, serving, ports, refused, problems, incompatible }: PeerState,
  dataPlane: DataPlaneId,
): ServingProxy {
  return {
    name,
    serving: serving.get(dataPlane) ?? null,
    ports: ports.filter((port) => port.dataPlane === dataPlane),
    refused: refused.find((refusal) => refusal.dataPlane === dataPlane)?.message ?? null,
    problems: problems.filter((problem) => problem.dataPlane === dataPlane),
    incompatible,
  };
}
