/**
 * The proxy's side: keeps the configurations it was sent, puts them in force one update after the other, and says what became of
 * it. A Gateway that cannot be put in force keeps the configuration it had, and holds no other back.
 */
import type { Duplex } from 'node:stream';
import { decodeConfig } from '../ir/codec.ts';
import type { EndpointSet } from '../ir/cluster.ts';
import type { GatewayConfig } from '../ir/gateway-config.ts';
import type { ClusterId } from '../ir/ids.ts';
import type { Logger } from '../telemetry/logger.ts';
import { encodeFrame, receiveFrames } from './frames.ts';
import {
  PROTOCOL_VERSION,
  gatewayKey,
  type ConfigUpdate,
  type GatewayKey,
  type Hello,
  type Ack,
  type PortReport,
  type Refusal,
} from './protocol.ts';

/** What a proxy holds at most in one update: far more than 100,000 routes take. */
const UPDATE_LIMIT_BYTES = 1024 * 1024 * 1024;

/** The part of a data plane that configuration goes to (`Proxy` of src/proxy is one). */
export interface DataPlane {
  apply(configs: readonly GatewayConfig[]): Promise<{ readonly ports: readonly PortReport[] }>;
  applyEndpoints(set: EndpointSet): void;
}

export interface ConfigClientOptions {
  readonly stream: Duplex;
  readonly dataPlane: DataPlane;
  readonly name: string;
  readonly logger: Logger;
}

/** Follows a controller until the stream closes; what is in force then stays in force. */
export function followConfig({ stream, dataPlane, name, logger }: ConfigClientOptions): void {
  const follower = new Follower(dataPlane, logger);
  let last: Promise<void> = Promise.resolve();
  stream.on('error', (error) => logger.warn('configuration stream failed', { error: error.message }));
  receiveFrames(stream, UPDATE_LIMIT_BYTES, (message) => {
    const update = message as ConfigUpdate;
    last = last.then(async () => {
      const ack = await follower.take(update);
      if (stream.writable) stream.write(encodeFrame(ack));
    });
  });
  stream.write(encodeFrame({ kind: 'hello', protocol: PROTOCOL_VERSION, name } satisfies Hello));
}

class Follower {
  readonly #dataPlane: DataPlane;
  readonly #logger: Logger;
  #configs = new Map<GatewayKey, GatewayConfig>();
  readonly #endpoints = new Map<ClusterId, EndpointSet>();
  #ports: readonly PortReport[] = [];
  readonly #refused = new Map<GatewayKey, string>();

  constructor(dataPlane: DataPlane, logger: Logger) {
    this.#dataPlane = dataPlane;
    this.#logger = logger;
  }

  async take(update: ConfigUpdate): Promise<Ack> {
    const wanted = update.gateways.map(decodeConfig);
    for (const set of wanted.flatMap(({ endpoints }) => endpoints)) this.#endpoints.set(set.cluster, set);
    for (const set of update.endpoints) this.#endpoints.set(set.cluster, set);
    if (update.whole || wanted.length > 0 || update.removed.length > 0) await this.#replace(update, wanted);
    for (const set of update.endpoints) this.#dataPlane.applyEndpoints(set);
    const refused: Refusal[] = [...this.#refused].map(([gateway, message]) => ({ gateway, message }));
    return { kind: 'ack', revision: update.revision, ports: this.#ports, refused };
  }

  async #replace(update: ConfigUpdate, wanted: readonly GatewayConfig[]): Promise<void> {
    const named = new Set(wanted.map(({ gateway }) => gatewayKey(gateway)));
    const isGone = (key: GatewayKey): boolean => update.whole && !named.has(key);
    const gone = new Set([...update.removed, ...[...this.#configs.keys()].filter(isGone)]);
    const kept = new Map([...this.#configs].filter(([key]) => !gone.has(key)));
    for (const key of this.#refused.keys())
      if (update.whole || gone.has(key) || named.has(key)) this.#refused.delete(key);
    const next = new Map(kept);
    for (const config of wanted) next.set(gatewayKey(config.gateway), config);
    const problem = await this.#apply(next);
    if (problem !== null) await this.#applyOneByOne(kept, wanted, problem);
    this.#forgetUnusedEndpoints();
  }

  /** Finds out whose configuration it was: everything that can be served is, and the rest is refused by name. */
  async #applyOneByOne(
    kept: Map<GatewayKey, GatewayConfig>,
    wanted: readonly GatewayConfig[],
    problem: string,
  ): Promise<void> {
    this.#logger.error('configuration refused, trying Gateway by Gateway', { problem });
    for (const config of wanted) {
      const key = gatewayKey(config.gateway);
      const problemOfOne = await this.#apply(new Map(kept).set(key, config));
      if (problemOfOne === null) kept.set(key, config);
      else this.#refused.set(key, problemOfOne);
    }
    // The last try may have failed: what is in force must be what is kept.
    await this.#apply(kept);
  }

  /** Puts these in force; the problem in words when the data plane cannot, and then nothing changed. */
  async #apply(configs: Map<GatewayKey, GatewayConfig>): Promise<string | null> {
    try {
      const current = new Map([...configs].map(([key, config]) => [key, this.#withEndpoints(config)]));
      const { ports } = await this.#dataPlane.apply([...current.values()]);
      this.#ports = ports;
      this.#configs = current;
      return null;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  /** The same object when no endpoint moved since it was made. */
  #withEndpoints(config: GatewayConfig): GatewayConfig {
    const newest = config.endpoints.map((set) => this.#endpoints.get(set.cluster) ?? set);
    return newest.every((set, index) => set === config.endpoints[index])
      ? config
      : { ...config, endpoints: newest };
  }

  #forgetUnusedEndpoints(): void {
    const used = new Set(
      [...this.#configs.values()].flatMap(({ endpoints }) => endpoints.map(({ cluster }) => cluster)),
    );
    for (const cluster of this.#endpoints.keys()) if (!used.has(cluster)) this.#endpoints.delete(cluster);
  }
}
