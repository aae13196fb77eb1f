/** What proxies report, as the translator wants it: which Gateway is served at which version by how many, where, and what failed. */
import { gatewayKey, type GatewayKey, type PortReport } from '../configsync/protocol.ts';
import type { ConfigServer, PeerState } from '../configsync/server.ts';
import type { GatewayObservation, Observations } from '../gatewayapi/snapshot.ts';
import type { GatewayConfig } from '../ir/gateway-config.ts';

export type ObservedAddress = GatewayObservation['addresses'][number];

export interface ObserverOptions {
  readonly server: Pick<ConfigServer, 'configs' | 'peers' | 'published'>;
  /** Proxies there should be. */
  readonly expected: number;
  /** Where a Gateway without addresses of its own can be reached. */
  readonly defaultAddresses: readonly ObservedAddress[];
}

type Acknowledged = NonNullable<GatewayObservation['acknowledged']>;

/** Keeps, between observations, which version of a Gateway was last in force. */
export class Observer {
  readonly #options: ObserverOptions;
  readonly #lastServed = new Map<GatewayKey, { readonly version: string; readonly generation: number }>();

  constructor(options: ObserverOptions) {
    this.#options = options;
  }

  observe(): Observations {
    const { configs, peers } = this.#options.server;
    const keys = new Set(configs.map(({ gateway }) => gatewayKey(gateway)));
    for (const key of this.#lastServed.keys()) if (!keys.has(key)) this.#lastServed.delete(key);
    return { gateways: configs.map((config) => this.#observeGateway(config, peers)) };
  }

  #observeGateway(config: GatewayConfig, peers: readonly PeerState[]): GatewayObservation {
    const { namespace, name } = config.gateway;
    const key = gatewayKey(config.gateway);
    const ports = peers.flatMap((peer) => peer.ports.filter(({ gateway }) => gatewayKey(gateway) === key));
    return {
      namespace,
      name,
      addresses:
        config.addresses.length === 0 ? this.#options.defaultAddresses : boundAddresses(config, ports),
      acknowledged: this.#acknowledged(config, key, peers),
      failedPorts: failedPorts(ports),
    };
  }

  /** The published version as soon as one proxy serves it; the one before until then. */
  #acknowledged(config: GatewayConfig, key: GatewayKey, peers: readonly PeerState[]): Acknowledged | null {
    const { expected, server } = this.#options;
    const versionAt = server.published(key)?.versionAt ?? Infinity;
    const refuses = (peer: PeerState): boolean => peer.refused.some(({ gateway }) => gateway === key);
    const serving = peers.filter((peer) => peer.acknowledged >= versionAt && !refuses(peer));
    if (serving.length > 0) {
      const { version, generation } = config;
      this.#lastServed.set(key, { version, generation });
      return { version, generation, proxies: serving.length, expected };
    }
    const last = this.#lastServed.get(key);
    return last === undefined ? null : { ...last, proxies: peers.length, expected };
  }
}

/** Of the addresses a Gateway asks for, those on which something listens. */
function boundAddresses(
  { addresses }: GatewayConfig,
  ports: readonly PortReport[],
): readonly ObservedAddress[] {
  const bound = new Set(ports.filter(({ error }) => error === null).map(({ address }) => address));
  return addresses.filter((value) => bound.has(value)).map((value) => ({ type: 'IPAddress', value }));
}

function failedPorts(ports: readonly PortReport[]): GatewayObservation['failedPorts'] {
  const failed = new Map<number, string>();
  for (const { port, error } of ports) if (error !== null && !failed.has(port)) failed.set(port, error);
  return [...failed].toSorted(([a], [b]) => a - b).map(([port, message]) => ({ port, message }));
}
