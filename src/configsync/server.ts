/**
 * The controller's side: sends the published configuration to every attached proxy and tracks what each one serves.
 * A proxy that attaches or reconnects gets the whole state in its first update.
 */
import type { Duplex } from 'node:stream';
import type { DataPlaneId } from '../ir/data-plane-id.ts';
import type { GatewayConfig } from '../ir/gateway-config.ts';
import type { Logger } from '../telemetry/logger.ts';
import { encodeFrame, receiveFrames, type FrameLimits } from './frames.ts';
import { fromProxy } from './messages.ts';
import { incompatibility, OUR_VERSIONS, type SpokenVersions } from './versions.ts';
import type {
  Ack,
  ControllerHello,
  FromProxy,
  PortReport,
  PortsChanged,
  ProxyCount,
  ProxyHello,
  Refusal,
  RuleProblem,
  ServedVersion,
} from './protocol.ts';
import { NOTHING_PUBLISHED, publishedAfter, updateBetween, type PublishedState } from './published-state.ts';

/** Size and time limits for one proxy. The server disconnects a proxy that exceeds one. */
export interface PeerLimits extends FrameLimits {
  /** From an update to its acknowledgment. */
  readonly ackMs: number;
}

const KIB = 1024;

/** Limits for workers: trusted processes on the same machine. Each worker of `sluice run` serves every data plane. */
export const WORKER_LIMITS: PeerLimits = {
  firstBytes: 256 * KIB,
  bytes: 16 * 1024 * KIB,
  // Time for a process to start on a busy machine.
  firstMs: 60_000,
  frameMs: 60_000,
  ackMs: 120_000,
};

/** Limits for proxies in Kubernetes: each serves one data plane, and may be under control of an attacker. */
export const PROXY_LIMITS: PeerLimits = {
  firstBytes: 256 * KIB,
  bytes: 1024 * KIB,
  firstMs: 10_000,
  frameMs: 30_000,
  // Longer than the limit for its workers, which the proxy replaces when they exceed it.
  ackMs: 300_000,
};

/** The known state of one attached proxy. */
export interface PeerState {
  readonly name: string;
  /** The last revision it acknowledged; 0 = none. */
  readonly acknowledged: number;
  readonly ports: readonly PortReport[];
  readonly refused: readonly Refusal[];
  readonly problems: readonly RuleProblem[];
  /** Its active configurations. */
  readonly serving: ReadonlyMap<DataPlaneId, ServedVersion>;
  /** See `ServingProxy`. */
  readonly incompatible: string | null;
}

/** How many port reports a proxy may send between two updates: each one is work for the controller. */
const MAX_PORT_REPORTS = 100;

export interface AttachedPeer {
  /** Whether the acknowledgment of an update is outstanding, or the first update has not been sent. */
  readonly isUpdating: boolean;
}

export interface ConfigServer {
  /**
   * Publishes exactly these configurations to every proxy; true if anything changes. The first
   * publication counts even if it is empty: proxies are then ready, with nothing to serve.
   */
  publish(configs: readonly GatewayConfig[]): boolean;
  /** Tells every proxy how many of them there are. */
  shareAmong(proxies: number): void;
  /** Serves a proxy on this stream until the stream closes. */
  attach(stream: Duplex): AttachedPeer;
  /** Increases with every change. */
  readonly revision: number;
  readonly configs: readonly GatewayConfig[];
  readonly peers: readonly PeerState[];
  /** Closes every stream. */
  close(): void;
}

export interface ConfigServerOptions {
  readonly logger: Logger;
  /** Called with what is published, before any proxy gets it. */
  readonly onPublish?: (configs: readonly GatewayConfig[]) => void;
  /** Called when a proxy attaches, detaches, acknowledges or refuses. */
  readonly onPeerChange: () => void;
  /** Default: `WORKER_LIMITS`. */
  readonly limits?: PeerLimits;
  /** Default: the versions of this release. */
  readonly versions?: SpokenVersions;
}

export function createConfigServer(options: ConfigServerOptions): ConfigServer {
  const { logger, onPeerChange, onPublish, limits = WORKER_LIMITS, versions = OUR_VERSIONS } = options;
  let state = NOTHING_PUBLISHED;
  const peers = new Set<Peer>();
  let proxies: number | null = null;

  const sendAll = (): void => {
    const updateAfter = sharedUpdates(state);
    for (const peer of peers) {
      peer.sendCount(proxies);
      peer.send(state, updateAfter);
    }
  };
  return {
    publish(configs) {
      const next = publishedAfter(state, configs);
      if (next === state) return false;
      state = next;
      onPublish?.(configs);
      sendAll();
      return true;
    },
    shareAmong(count) {
      if (proxies === count) return;
      proxies = count;
      sendAll();
    },
    attach(stream) {
      const peer = new Peer(stream, { ackMs: limits.ackMs, versions, logger });
      stream.on('error', (error) => {
        logger.warn('configuration stream failed', { proxy: peer.state.name, error: error.message });
      });
      stream.once('close', () => {
        peer.closed();
        if (peers.delete(peer)) onPeerChange();
      });
      receiveFrames(stream, limits, (message) => {
        peer.receive(fromProxy(message));
        peers.add(peer);
        sendAll();
        onPeerChange();
      });
      return peer;
    },
    get revision() {
      return state.revision;
    },
    get configs() {
      return [...state.configs.values()];
    },
    get peers() {
      return [...peers].map((peer) => peer.state);
    },
    close() {
      for (const peer of peers) peer.close();
    },
  };
}

type UpdateAfter = (sent: PublishedState) => Buffer | null;

/** Proxies with the same last state get the same bytes, which are encoded once. */
function sharedUpdates(state: PublishedState): UpdateAfter {
  const made = new Map<PublishedState, Buffer | null>();
  return (sent) => {
    const known = made.get(sent);
    if (known !== undefined) return known;
    const update = updateBetween(sent, state);
    const frame = update === null ? null : encodeFrame(update);
    made.set(sent, frame);
    return frame;
  };
}

const UNKNOWN_PEER: PeerState = {
  name: '',
  acknowledged: 0,
  ports: [],
  refused: [],
  problems: [],
  serving: new Map(),
  incompatible: null,
};

interface PeerOptions {
  readonly ackMs: number;
  readonly versions: SpokenVersions;
  readonly logger: Logger;
}

class Peer implements AttachedPeer {
  readonly #stream: Duplex;
  readonly #options: PeerOptions;
  #state = UNKNOWN_PEER;
  #sent = NOTHING_PUBLISHED;
  #greeted = false;
  #sentCount: number | null = null;
  #ackTimer: NodeJS.Timeout | null = null;
  /** Number of port reports since the last acknowledgment. */
  #portReports = 0;

  constructor(stream: Duplex, options: PeerOptions) {
    this.#stream = stream;
    this.#options = options;
  }

  get state(): PeerState {
    return this.#state;
  }

  get isUpdating(): boolean {
    return this.#state.acknowledged === 0 || this.#isAckDue;
  }

  get #isAckDue(): boolean {
    return this.#sent.revision !== this.#state.acknowledged;
  }

  /** Sends how many proxies there are, where that has changed. One that does not read gets the newest number when it reads again. */
  sendCount(proxies: number | null): void {
    if (proxies === null || proxies === this.#sentCount || !this.#isReady) return;
    if (this.#stream.writableNeedDrain) return;
    this.#sentCount = proxies;
    this.#stream.write(encodeFrame({ kind: 'proxies', count: proxies } satisfies ProxyCount));
  }

  get #isReady(): boolean {
    return this.#greeted && this.#state.incompatible === null && !this.#stream.destroyed;
  }

  /** Sends the changes to the proxy, unless the last update is unacknowledged or the versions are incompatible. */
  send(state: PublishedState, updateAfter: UpdateAfter): void {
    if (!this.#isReady || this.#isAckDue) return;
    const { ackMs } = this.#options;
    const frame = updateAfter(this.#sent);
    if (frame === null) return;
    this.#sent = state;
    this.#stream.write(frame);
    this.#ackTimer = setTimeout(() => {
      const problem = `revision ${String(state.revision)} is not acknowledged after ${String(ackMs)} ms`;
      this.#stream.destroy(new Error(problem));
    }, ackMs).unref();
  }

  /** Handles a message. Throws if it violates the protocol. */
  receive(message: FromProxy): void {
    switch (message.kind) {
      case 'hello':
        this.#greet(message);
        return;
      case 'ack':
        this.#acknowledge(message);
        return;
      case 'ports':
        this.#takePorts(message);
    }
  }

  close(): void {
    this.#stream.destroy();
  }

  closed(): void {
    this.#stopTimer();
  }

  #stopTimer(): void {
    if (this.#ackTimer !== null) clearTimeout(this.#ackTimer);
    this.#ackTimer = null;
  }

  /**
   * Without a version in common the proxy keeps its configuration. Its stream stays open: if it were closed, the proxy would reconnect
   * every few seconds. While the proxy is attached, the status of its Gateway reports the problem.
   */
  #greet({ protocol, protocols, formats = [], name }: ProxyHello): void {
    if (this.#greeted) throw new Error(`proxy ${name} sent hello twice`);
    const { versions, logger } = this.#options;
    if (protocols !== undefined) {
      this.#stream.write(encodeFrame({ kind: 'hello', ...versions } satisfies ControllerHello));
    }
    const proxy = { protocols: protocols ?? [protocol], formats };
    const incompatible = incompatibility({ controller: versions, proxy });
    if (incompatible !== null)
      logger.warn('proxy gets no configuration', { proxy: name, problem: incompatible });
    this.#state = { ...this.#state, name, incompatible };
    this.#greeted = true;
  }

  #takePorts({ ports }: PortsChanged): void {
    this.#portReports += 1;
    if (!this.#greeted || this.#portReports > MAX_PORT_REPORTS) throw new Error('too many reports of ports');
    this.#state = { ...this.#state, ports };
  }

  #acknowledge({ revision, ports, refused, problems }: Ack): void {
    const { revision: wanted, configs } = this.#sent;
    // Accept one acknowledgment for each update: otherwise a proxy could cause unbounded work for the controller.
    if (revision !== wanted || !this.#isAckDue) {
      throw new Error(`an acknowledgment of revision ${String(revision)}, which is not due`);
    }
    this.#stopTimer();
    this.#portReports = 0;
    const refusing = new Set(refused.map(({ dataPlane }) => dataPlane));
    const serving = new Map<DataPlaneId, ServedVersion>();
    for (const [key, { version, generation }] of configs) {
      const before = this.#state.serving.get(key);
      if (!refusing.has(key)) serving.set(key, { version, generation });
      else if (before !== undefined) serving.set(key, before);
    }
    this.#state = { ...this.#state, acknowledged: revision, ports, refused, problems, serving };
  }
}
