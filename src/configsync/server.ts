/**
 * The controller's side: hands the published configuration to every attached proxy and keeps book of who serves what.
 * A proxy that attaches later, or again, is sent the whole state at once.
 */
import type { Duplex } from 'node:stream';
import type { GatewayConfig } from '../ir/gateway-config.ts';
import type { Logger } from '../telemetry/logger.ts';
import { encodeFrame, receiveFrames } from './frames.ts';
import {
  PROTOCOL_VERSION,
  type Ack,
  type FromProxy,
  type GatewayKey,
  type PortReport,
  type Refusal,
  type RuleProblem,
  type ServedVersion,
} from './protocol.ts';
import { NOTHING_PUBLISHED, publishedAfter, updateBetween, type PublishedState } from './published-state.ts';

/** Acknowledgements are small; a proxy that sends more is broken. */
const FROM_PROXY_LIMIT_BYTES = 16 * 1024 * 1024;

/** What one attached proxy is known to serve. */
export interface PeerState {
  readonly name: string;
  /** The last revision it acknowledged; 0 = none. */
  readonly acknowledged: number;
  readonly ports: readonly PortReport[];
  readonly refused: readonly Refusal[];
  readonly problems: readonly RuleProblem[];
  /** What is in force there, by Gateway. */
  readonly serving: ReadonlyMap<GatewayKey, ServedVersion>;
}

export interface ConfigServer {
  /**
   * Puts exactly these in force on every proxy, the Gateways that are not named gone; true when that changes anything. The first
   * publication counts even when it is empty: proxies are ready to serve nothing then.
   */
  publish(configs: readonly GatewayConfig[]): boolean;
  /** Serves a proxy on this stream until the stream closes. */
  attach(stream: Duplex): void;
  /** Grows with every change. */
  readonly revision: number;
  readonly configs: readonly GatewayConfig[];
  readonly peers: readonly PeerState[];
  /** Closes every stream. */
  close(): void;
}

export interface ConfigServerOptions {
  readonly logger: Logger;
  /** A proxy came, went, acknowledged or refused. */
  readonly onPeerChange: () => void;
}

export function createConfigServer({ logger, onPeerChange }: ConfigServerOptions): ConfigServer {
  let state = NOTHING_PUBLISHED;
  const peers = new Set<Peer>();

  const sendAll = (): void => {
    const updateAfter = sharedUpdates(state);
    for (const peer of peers) peer.send(state, updateAfter);
  };
  return {
    publish(configs) {
      const next = publishedAfter(state, configs);
      if (next === state) return false;
      state = next;
      sendAll();
      return true;
    },
    attach(stream) {
      const peer = new Peer(stream);
      stream.on('error', (error) => {
        logger.warn('configuration stream failed', { proxy: peer.state.name, error: error.message });
      });
      stream.once('close', () => {
        if (peers.delete(peer)) onPeerChange();
      });
      receiveFrames(stream, FROM_PROXY_LIMIT_BYTES, (message) => {
        peer.receive(message as FromProxy);
        peers.add(peer);
        sendAll();
        onPeerChange();
      });
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

/** Proxies that were last sent the same state get the same bytes: they are made once. */
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

class Peer {
  readonly #stream: Duplex;
  #state: PeerState = { name: '', acknowledged: 0, ports: [], refused: [], problems: [], serving: new Map() };
  #sent = NOTHING_PUBLISHED;
  #greeted = false;

  constructor(stream: Duplex) {
    this.#stream = stream;
  }

  get state(): PeerState {
    return this.#state;
  }

  /** Sends what the proxy lacks, unless it still works on the last update. */
  send(state: PublishedState, updateAfter: UpdateAfter): void {
    if (!this.#greeted || this.#sent.revision !== this.#state.acknowledged) return;
    const frame = updateAfter(this.#sent);
    if (frame === null) return;
    this.#sent = state;
    this.#stream.write(frame);
  }

  /** Takes a message. Throws for one that breaks the protocol. */
  receive(message: FromProxy): void {
    switch (message.kind) {
      case 'hello':
        if (message.protocol !== PROTOCOL_VERSION) {
          throw new Error(
            `proxy ${message.name} speaks version ${String(message.protocol)} of the protocol, not ${String(PROTOCOL_VERSION)}`,
          );
        }
        this.#state = { ...this.#state, name: message.name };
        this.#greeted = true;
        return;
      case 'ack':
        this.#acknowledge(message);
        return;
      case 'ports':
        this.#state = { ...this.#state, ports: message.ports };
        return;
      default:
        throw new Error('a message of unknown kind');
    }
  }

  close(): void {
    this.#stream.destroy();
  }

  #acknowledge({ revision, ports, refused, problems }: Ack): void {
    const { revision: wanted, configs } = this.#sent;
    if (revision !== wanted) throw new Error(`an acknowledgement of revision ${String(revision)}`);
    const refusing = new Set(refused.map(({ gateway }) => gateway));
    const serving = new Map<GatewayKey, ServedVersion>();
    for (const [key, { version, generation }] of configs) {
      const before = this.#state.serving.get(key);
      if (!refusing.has(key)) serving.set(key, { version, generation });
      else if (before !== undefined) serving.set(key, before);
    }
    this.#state = { ...this.#state, acknowledged: revision, ports, refused, problems, serving };
  }
}
