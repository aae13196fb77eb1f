/**
 * Configuration for many Gateways, each with proxies of its own: every proxy is sent its Gateway's configuration and nothing else.
 * Of proxies that follow other replicas of the controller, their replicas tell.
 */
import type { Duplex } from 'node:stream';
import type { GatewayConfig } from '../ir/gateway-config.ts';
import type { Logger } from '../telemetry/logger.ts';
import { gatewayKey, type FleetReport, type GatewayKey, type ServingProxy } from './protocol.ts';
import { createConfigServer, type ConfigServer, type PeerState } from './server.ts';

export interface FleetOptions {
  readonly logger: Logger;
  /** A proxy of any Gateway, here or at another replica, came, went, acknowledged or refused. */
  readonly onPeerChange: () => void;
}

export class Fleet {
  readonly #options: FleetOptions;
  readonly #servers = new Map<GatewayKey, ConfigServer>();
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

  /** A proxy that has proven to belong to `key`. */
  attachTo(key: GatewayKey, stream: Duplex): void {
    this.#serverOf(key).attach(stream);
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
      server = createConfigServer(this.#options);
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
