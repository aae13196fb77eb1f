/**
 * The controller's side: hands the published configuration to every attached proxy and keeps book of who serves what.
 * A proxy that attaches later, or again, is sent the whole state at once.
 */
import type { Duplex } from 'node:stream';
import type { GatewayConfig } from '../ir/gateway-config.ts';
import type { Logger } from '../telemetry/logger.ts';
import { ConfigState, type ConfigChange } from './config-state.ts';
import { encodeFrame, receiveFrames } from './frames.ts';
import {
  PROTOCOL_VERSION,
  type Ack,
  type FromProxy,
  type GatewayKey,
  type PortReport,
  type Refusal,
} from './protocol.ts';

/** Acknowledgements are small; a proxy that sends more is broken. */
const FROM_PROXY_LIMIT_BYTES = 16 * 1024 * 1024;

/** What one attached proxy is known to serve. */
export interface PeerState {
  readonly name: string;
  /** The last revision it acknowledged; 0 = none. */
  readonly acknowledged: number;
  readonly ports: readonly PortReport[];
  readonly refused: readonly Refusal[];
}

export interface ConfigServer {
  /** Puts a change in force on every proxy. A change that is empty still counts as the first publication. */
  publish(change: ConfigChange): void;
  /** Serves a proxy on this stream until the stream closes. */
  attach(stream: Duplex): void;
  readonly revision: number;
  readonly configs: readonly GatewayConfig[];
  readonly peers: readonly PeerState[];
  /** What is published for a Gateway, and the revision from which on a proxy that acknowledged serves it. */
  published(gateway: GatewayKey): { readonly config: GatewayConfig; readonly versionAt: number } | null;
  /** Closes every stream. */
  close(): void;
}

export interface ConfigServerOptions {
  readonly logger: Logger;
  /** A proxy came, went, acknowledged or refused. */
  readonly onPeerChange: () => void;
}

export function createConfigServer({ logger, onPeerChange }: ConfigServerOptions): ConfigServer {
  const state = new ConfigState();
  const peers = new Set<Peer>();

  const sendAll = (): void => {
    const updateAfter = sharedUpdates(state);
    for (const peer of peers) peer.send(updateAfter);
    const sent = [...peers].map((peer) => peer.sentRevision);
    state.forget(Math.min(state.revision, ...sent));
  };
  return {
    publish(change) {
      state.publish(change);
      sendAll();
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
        if (!peer.receive(message as FromProxy)) return;
        if (!peers.has(peer)) peers.add(peer);
        sendAll();
        onPeerChange();
      });
    },
    get revision() {
      return state.revision;
    },
    get configs() {
      return state.configs;
    },
    get peers() {
      return [...peers].map((peer) => peer.state);
    },
    published: (gateway) => state.entry(gateway),
    close() {
      for (const peer of peers) peer.close();
    },
  };
}

interface EncodedUpdate {
  readonly revision: number;
  readonly frame: Buffer;
}

type UpdateAfter = (revision: number) => EncodedUpdate | null;

/** Proxies that were last sent the same revision get the same bytes: they are made once. */
function sharedUpdates(state: ConfigState): UpdateAfter {
  const made = new Map<number, EncodedUpdate | null>();
  return (revision) => {
    const known = made.get(revision);
    if (known !== undefined) return known;
    const update = state.since(revision);
    const encoded = update === null ? null : { revision: update.revision, frame: encodeFrame(update) };
    made.set(revision, encoded);
    return encoded;
  };
}

class Peer {
  readonly #stream: Duplex;
  #state: PeerState = { name: '', acknowledged: 0, ports: [], refused: [] };
  #sent = 0;
  #greeted = false;

  constructor(stream: Duplex) {
    this.#stream = stream;
  }

  get state(): PeerState {
    return this.#state;
  }

  get sentRevision(): number {
    return this.#sent;
  }

  /** Sends what the proxy lacks, unless it still works on the last update. */
  send(updateAfter: UpdateAfter): void {
    if (!this.#greeted || this.#sent !== this.#state.acknowledged) return;
    const update = updateAfter(this.#sent);
    if (update === null) return;
    this.#sent = update.revision;
    this.#stream.write(update.frame);
  }

  /** Takes a message; false when it changes nothing. Throws for one that breaks the protocol. */
  receive(message: FromProxy): boolean {
    switch (message.kind) {
      case 'hello':
        if (message.protocol !== PROTOCOL_VERSION) {
          throw new Error(
            `proxy ${message.name} speaks version ${String(message.protocol)} of the protocol, not ${String(PROTOCOL_VERSION)}`,
          );
        }
        this.#state = { ...this.#state, name: message.name };
        this.#greeted = true;
        return true;
      case 'ack':
        return this.#acknowledge(message);
      default:
        throw new Error('a message of unknown kind');
    }
  }

  close(): void {
    this.#stream.destroy();
  }

  #acknowledge({ revision, ports, refused }: Ack): boolean {
    if (revision !== this.#sent) throw new Error(`an acknowledgement of revision ${String(revision)}`);
    this.#state = { ...this.#state, acknowledged: revision, ports, refused };
    return true;
  }
}
