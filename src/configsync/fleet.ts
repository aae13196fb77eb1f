/**
 * Configuration for many Gateways, each with proxies of its own: every proxy is sent its Gateway's configuration and nothing else.
 * Of proxies that follow other replicas of the controller, their replicas tell.
 */
import type { Duplex } from 'node:stream';
import type { GatewayConfig } from '../ir/gateway-config.ts';
import type { Logger } from '../telemetry/logger.ts';
import { gatewayKey, type FleetReport, type GatewayKey, type ServingProxy } from './protocol.ts';
import { createConfigServer, PROXY_LIMITS, type ConfigServer, type PeerState } from './server.ts';

export interface FleetOptions {
  readonly logger: Logger;
  /** A proxy of any Gateway, here or at another replica, came, went, acknowledged or refused. */
  readonly onPeerChange: () => void;
  /** Streams that the proxies of one Gateway may have open here. */
  readonly maxStreams: (gateway: GatewayKey) => number;
}

export class Fleet {
  readonly #options: FleetOptions;
  readonly #servers = new Map<GatewayKey, ConfigServer>();
  /** Open streams of proxies, each with the UID of the Gateway that its certificate names. */
  readonly #streams = new Map<GatewayKey, Map<Duplex, string>>();
  readonly #reported = new Map<object, ReadonlyMap<GatewayKey, readonly ServingProxy[]>>();
  revision = 0;

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  /** Sends every Gateway's proxies what changed for them; true when anything did. */
  publish(configs: readonly GatewayConfig[]): boolean {
    const wanted = new Map(configs.map((config) => [gatewayKey(config.gateway), config]));
    let isChanged = this.revision === 0;
    for (const [key, config] of wanted) isChanged = this.#serverOf(key).publish([config]) || isChanged;
    for (const [key, server] of this.#servers) {
      if (wanted.has(key)) continue;
      isChanged = server.publish([]) || isChanged;
      if (server.peers.length === 0) this.#servers.delete(key);
    }
    if (isChanged) this.revision += 1;
    return isChanged;
  }

  /** Serves a proxy that has proven to belong to the Gateway `key` with this UID, unless that Gateway has too many already. */
  attachTo(key: GatewayKey, uid: string, stream: Duplex): void {
    const streams = this.#streams.get(key) ?? new Map<Duplex, string>();
    const max = this.#options.maxStreams(key);
    if (streams.size >= max) {
      this.#options.logger.warn('proxy refused: too many streams', { gateway: key, max });
      stream.destroy();
      return;
    }
    this.#streams.set(key, streams.set(stream, uid));
    stream.once('close', () => {
      streams.delete(stream);
      if (streams.size === 0 && this.#streams.get(key) === streams) this.#streams.delete(key);
    });
    this.#serverOf(key).attach(stream);
  }

  /**
   * Closes the streams of Gateways that exist no longer, or that were deleted and created again: a Gateway of the same name may
   * belong to somebody else. To be called before their configuration is published. `uidOf`: null where there is no Gateway.
   */
  closeForeign(uidOf: (key: GatewayKey) => string | null): void {
    for (const [key, streams] of this.#streams) {
      const current = uidOf(key);
      for (const [stream, uid] of streams) {
        if (uid === current) continue;
        this.#options.logger.info('proxy of a deleted Gateway cut off', { gateway: key });
        stream.destroy();
      }
    }
  }

  /** All proxies of a Gateway that are known, here and at other replicas; each once, also while it moves between them. */
  proxiesOf(key: GatewayKey): readonly ServingProxy[] {
    const proxies = new Map<string, ServingProxy>();
    for (const gateways of this.#reported.values()) {
      for (const proxy of gateways.get(key) ?? []) proxies.set(proxy.name, proxy);
    }
    for (const proxy of this.#attachedTo(key)) proxies.set(proxy.name, proxy);
    return [...proxies.values()];
  }

  get configs(): readonly GatewayConfig[] {
    return [...this.#servers.values()].flatMap(({ configs }) => configs);
  }

  /** What the proxies that are attached here do, for the leader. */
  report(replica: string): FleetReport {
    const gateways = [...this.#servers.keys()].map((gateway) => ({
      gateway,
      proxies: this.#attachedTo(gateway),
    }));
    return { kind: 'fleet', replica, gateways: gateways.filter(({ proxies }) => proxies.length > 0) };
  }

  /** Takes the newest report of another replica; what came from the same `source` before no longer counts. */
  reported(source: object, { gateways }: FleetReport): void {
    this.#reported.set(source, new Map(gateways.map(({ gateway, proxies }) => [gateway, proxies])));
    this.#options.onPeerChange();
  }

  /** The source is gone, and nothing is known of its proxies. */
  forget(source: object): void {
    if (this.#reported.delete(source)) this.#options.onPeerChange();
  }

  close(): void {
    for (const server of this.#servers.values()) server.close();
  }

  #attachedTo(key: GatewayKey): readonly ServingProxy[] {
    return (this.#servers.get(key)?.peers ?? []).map((peer) => servingOf(peer, key));
  }

  /** Made when it is first asked for, perhaps by a proxy that is early. */
  #serverOf(key: GatewayKey): ConfigServer {
    let server = this.#servers.get(key);
    if (server === undefined) {
      server = createConfigServer({ ...this.#options, limits: PROXY_LIMITS });
      this.#servers.set(key, server);
    }
    return server;
  }
}

/** What a proxy does for one Gateway. */
export function servingOf(
  { name, serving, ports, refused, problems }: PeerState,
  key: GatewayKey,
): ServingProxy {
  return {
    name,
    serving: serving.get(key) ?? null,
    ports: ports.filter(({ gateway }) => gatewayKey(gateway) === key),
    refused: refused.find(({ gateway }) => gateway === key)?.message ?? null,
    problems: problems.filter(({ gateway }) => gatewayKey(gateway) === key),
  };
}
