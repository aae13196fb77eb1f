/**
 * The proxy's side: keeps the configurations it was sent, applies one update after the other, and acknowledges each. A data plane whose
 * configuration cannot be served keeps the one it had; the others are updated.
 */
import type { Duplex } from 'node:stream';
import { decodeConfig } from '../ir/codec.ts';
import type { EndpointSet } from '../ir/cluster.ts';
import { isEndpointPatch, patchConfig } from '../ir/config-patch.ts';
import { SharedParts } from '../ir/shared-parts.ts';
import type { DataPlaneId } from '../ir/data-plane-id.ts';
import type { GatewayConfig } from '../ir/gateway-config.ts';
import type { ClusterId } from '../ir/ids.ts';
import type { Logger } from '../telemetry/logger.ts';
import { encodeFrame, receiveFrames, type FrameLimits } from './frames.ts';
import { endpointSet, fromController, MESSAGE_LENGTH } from './messages.ts';
import { incompatibility, newestOf, OUR_VERSIONS, type SpokenVersions } from './versions.ts';
import type {
  Ack,
  ConfigUpdate,
  PortReport,
  PortsChanged,
  ProxyHello,
  Refusal,
  RuleProblem,
} from './protocol.ts';

/** Limits for messages of a controller: far above what 100,000 routes need over a slow network. */
export const UPDATE_LIMITS: FrameLimits = {
  // The controller's hello.
  firstBytes: 64 * 1024,
  bytes: 1024 * 1024 * 1024,
  // A worker's hello may wait while a busy supervisor translates.
  firstMs: 0,
  frameMs: 300_000,
};

/** Truncates longer acknowledgments: first the reports of bound ports are dropped, then those of failed ports and rules. */
const ACK_BYTES = 1024 * 1024;

/** The part of a data plane that applies configuration. */
export interface DataPlane {
  /** Serves exactly these, or rejects and changes nothing. Objects that it was given before did not change. */
  apply(configs: readonly GatewayConfig[]): Promise<Pick<Ack, 'ports' | 'problems'>>;
  /** Only endpoints changed: `sets`, and `configs` is what is served with them. */
  applyEndpoints(sets: readonly EndpointSet[], configs: readonly GatewayConfig[]): void;
  /** So many proxies serve, this one included: they share the limits. Absent: the data plane has none to share. */
  shareAmong?(proxies: number): void;
  /** Calls the latest listener when ports change without an update. Absent if that cannot happen. */
  onPortsChanged?(listener: (ports: readonly PortReport[]) => void): void;
}

export interface ConfigClientOptions {
  readonly stream: Duplex;
  readonly dataPlane: DataPlane;
  readonly name: string;
  readonly logger: Logger;
  /** The active configuration from an earlier stream or restart: kept if the controller sends the same, or an unusable one. */
  readonly serving?: readonly GatewayConfig[];
  /** Maximum bytes of an acknowledgment that the peer accepts; default: the controller's limit. */
  readonly ackBytes?: number;
  /** Default: the versions of this release. */
  readonly versions?: SpokenVersions;
}

/** Follows a controller until the stream closes. The data plane then keeps serving its active configuration. */
export function followConfig(options: ConfigClientOptions): void {
  const { stream, dataPlane, name, logger, serving = [], ackBytes = ACK_BYTES } = options;
  const { versions = OUR_VERSIONS } = options;
  const shared = new SharedParts();
  const follower = new Follower(dataPlane, logger, serving);
  let greeting: Greeting = 'awaited';
  let last: Promise<void> = Promise.resolve();
  stream.on('error', (error) => logger.warn('configuration stream failed', { error: error.message }));
  stream.once('close', () => {
    if (greeting === 'awaited') logger.warn(UNANSWERED, { protocol: newestOf(versions.protocols) });
  });
  receiveFrames(stream, UPDATE_LIMITS, (message) => {
    const received = fromController(message);
    if (received.kind === 'hello') {
      if (greeting !== 'awaited') throw new Error('the controller sent hello twice');
      greeting = greetingOf(received, versions, logger);
      return;
    }
    if (greeting !== 'agreed') throw new Error('an update before both ends agreed on a version');
    if (received.kind === 'proxies') {
      dataPlane.shareAmong?.(received.count);
      return;
    }
    // Decode now, so the text of thousands of routes is not held in memory while they are applied.
    const update = decodeUpdate(received, shared);
    last = last.then(async () => {
      try {
        const ack = await follower.take(update);
        if (stream.writable) stream.write(encodeAck(ack, ackBytes));
      } catch (error) {
        // The update does not match this end's state. The next stream starts with the whole configuration.
        stream.destroy(error instanceof Error ? error : new Error(String(error)));
      }
    });
  });
  dataPlane.onPortsChanged?.((ports) => {
    follower.ports = ports;
    if (greeting === 'agreed' && stream.writable) stream.write(encodePorts(ports, ackBytes));
  });
  stream.write(encodeFrame(helloOf(name, versions)));
}

/** State of the hello exchange. After `incompatible` the controller sends nothing more. */
type Greeting = 'awaited' | 'agreed' | 'incompatible';

/** Controllers up to protocol 3 close the stream on any other version, as all do on a certificate that is not current. */
const UNANSWERED =
  'the controller ended the stream without a hello: it does not accept this proxy, or speaks an older version of the configuration protocol; serving the last configuration';

function greetingOf(controller: SpokenVersions, proxy: SpokenVersions, logger: Logger): Greeting {
  const problem = incompatibility({ controller, proxy });
  if (problem === null) return 'agreed';
  logger.error('cannot apply configuration from this controller; serving the last one', { problem });
  return 'incompatible';
}

const helloOf = (name: string, { protocols, formats }: SpokenVersions): ProxyHello => ({
  kind: 'hello',
  protocol: newestOf(protocols),
  protocols,
  formats,
  name,
});

type DecodedUpdate = Omit<ConfigUpdate, 'configs'> & { readonly configs: readonly GatewayConfig[] };

/** Throws if controller and proxy have no version in common. */
const decodeUpdate = (update: ConfigUpdate, shared: SharedParts): DecodedUpdate => ({
  ...update,
  configs: update.configs.map((text) => decodeConfig(text, shared)),
  patches: shared.share(update.patches),
});

/** Encodes the acknowledgment in at most `limitBytes`; refusals are never dropped. */
export function encodeAck(ack: Ack, limitBytes: number): Buffer {
  const clipped = {
    ...ack,
    refused: ack.refused.map((one) => ({ ...one, message: clip(one.message) })),
    problems: ack.problems.map((one) => ({ ...one, message: clip(one.message) })),
  };
  return encodeWithin(limitBytes, ack.ports, (ports, share) => ({
    ...clipped,
    ports,
    problems: clipped.problems.slice(0, clipped.problems.length * share),
  }));
}

const encodePorts = (all: readonly PortReport[], limitBytes: number): Buffer =>
  encodeWithin(limitBytes, all, (ports) => ({ kind: 'ports', ports }) satisfies PortsChanged);

/** The whole message if it fits, else with as many of its ports, and of the other lists that `make` cuts, as fit. */
function encodeWithin(
  limitBytes: number,
  all: readonly PortReport[],
  make: (ports: readonly PortReport[], share: number) => object,
): Buffer {
  const ports = all.map((port) => ({ ...port, error: port.error === null ? null : clip(port.error) }));
  let frame = encodeFrame(make(ports, 1));
  const failedFirst = ports.toSorted((a, b) => Number(a.error === null) - Number(b.error === null));
  for (let share = 0.5; frame.length > limitBytes && share > 1e-6; share /= 2) {
    frame = encodeFrame(make(failedFirst.slice(0, failedFirst.length * share), share));
  }
  return frame;
}

const clip = (message: string): string =>
  message.length > MESSAGE_LENGTH ? message.slice(0, MESSAGE_LENGTH) : message;

class Follower {
  readonly #dataPlane: DataPlane;
  readonly #logger: Logger;
  /** As the controller sent them; the base of patches. */
  #received = new Map<DataPlaneId, GatewayConfig>();
  /** The active configurations: as received, except that a refused one is replaced by its predecessor, if any. */
  #active: Map<DataPlaneId, GatewayConfig>;
  ports: readonly PortReport[] = [];
  #problems: readonly RuleProblem[] = [];
  readonly #refused = new Map<DataPlaneId, string>();

  constructor(dataPlane: DataPlane, logger: Logger, serving: readonly GatewayConfig[]) {
    this.#dataPlane = dataPlane;
    this.#logger = logger;
    this.#active = new Map(serving.map((config) => [config.dataPlane, config]));
  }

  async take(update: DecodedUpdate): Promise<Ack> {
    const moved = this.#receive(update);
    if (moved === null) await this.#replace();
    else if (moved.length > 0) this.#move(moved);
    const refused: Refusal[] = [...this.#refused].map(([dataPlane, message]) => ({ dataPlane, message }));
    return { kind: 'ack', revision: update.revision, ports: this.ports, refused, problems: this.#problems };
  }

  /** The changed endpoint sets if nothing else changed; null otherwise. */
  #receive({ whole, configs, patches, removed }: DecodedUpdate): readonly EndpointSet[] | null {
    if (whole) this.#received = new Map();
    for (const key of removed) this.#received.delete(key);
    for (const config of configs) {
      const key = config.dataPlane;
      const old = this.#active.get(key);
      this.#received.set(key, old?.version === config.version ? old : config);
    }
    const moved = new Map<ClusterId, EndpointSet>();
    let onlyEndpoints = !whole && removed.length === 0 && configs.length === 0;
    for (const { dataPlane, patch } of patches) {
      const before = this.#received.get(dataPlane);
      if (before === undefined) throw new Error(`a patch of ${dataPlane}, which was never sent`);
      const after = patchConfig(before, patch);
      this.#received.set(dataPlane, after);
      const known = new Set(before.endpoints);
      for (const set of after.endpoints) {
        if (known.has(set)) continue;
        endpointSet(set);
        moved.set(set.cluster, set);
      }
      onlyEndpoints &&= isEndpointPatch(patch) && !this.#refused.has(dataPlane);
    }
    return onlyEndpoints ? [...moved.values()] : null;
  }

  #move(sets: readonly EndpointSet[]): void {
    for (const key of this.#active.keys()) {
      const config = this.#received.get(key);
      if (config !== undefined && !this.#refused.has(key)) this.#active.set(key, config);
    }
    this.#dataPlane.applyEndpoints(sets, [...this.#active.values()]);
  }

  async #replace(): Promise<void> {
    const before = new Map([...this.#active].filter(([key]) => this.#received.has(key)));
    this.#refused.clear();
    const problem = await this.#apply(new Map(this.#received));
    if (problem !== null) await this.#applyOneByOne(before, problem);
  }

  /** Finds the configurations that cannot be served: refuses each by name and applies the others. */
  async #applyOneByOne(kept: Map<DataPlaneId, GatewayConfig>, problem: string): Promise<void> {
    this.#logger.error('configuration refused, applying data plane by data plane', { problem });
    for (const [key, config] of this.#received) {
      if (kept.get(key) === config) continue;
      const problemOfOne = await this.#apply(new Map(kept).set(key, config));
      if (problemOfOne === null) kept.set(key, config);
      else this.#refused.set(key, problemOfOne);
    }
    // The last attempt may have failed: serve what is kept.
    await this.#apply(kept);
  }

  /** Serves these; resolves with the problem in words when the data plane cannot, and then nothing changed. */
  async #apply(configs: Map<DataPlaneId, GatewayConfig>): Promise<string | null> {
    try {
      const { ports, problems } = await this.#dataPlane.apply([...configs.values()]);
      this.ports = ports;
      this.#problems = problems;
      this.#active = configs;
      return null;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
}
