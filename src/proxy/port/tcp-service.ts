/**
 * Handles the connections of one TCP port.
 *
 * ```
 *   accepted ──> PROXY header? ──> policies? ──> TLS? ──┬─> HTTP
 *                (trusted peers)                        └─> policies? ──> relay to a backend
 * ```
 *
 * The port's configuration is looked up for each new connection; existing ones keep theirs.
 */
import type { Socket } from 'node:net';
import type { Listener } from '../../ir/listener.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { Arrival } from './arrival.ts';
import type { HttpService } from './http-service.ts';
import type { CompiledL4Rule } from '../l4/l4-rule.ts';
import { openStream, type StreamHost, type StreamSession } from '../l4/stream-session.ts';
import { receiveProxyHeader } from '../net/proxy-protocol-intake.ts';
import type { ProxiedPeers } from '../net/proxy-protocol.ts';
import { refuseAccepted, type AcceptedHandle } from '../net/accepted-handle.ts';
import { transportOfAccepted, type SocketTransport } from '../net/socket-transport.ts';
import { hasSameTrust, isStillAdmitted, validationOf } from '../net/client-trust.ts';
import { TlsCounters } from '../net/tls-failure.ts';
import { receiveTls, type TlsAccepted } from '../net/tls-intake.ts';
import type { TlsPort } from '../net/tls-port.ts';
import type { TlsTerminator } from '../net/tls-terminator.ts';
import { DISCARDING_SINK, type Transport, type TransportAddress } from '../net/transport.ts';
import type { ConnectionRegistry } from './connection-registry.ts';
import type { CompiledPort } from '../runtime/runtime.ts';

export interface TcpServiceDeps {
  readonly logger: Logger;
  readonly terminator: TlsTerminator;
}

/** Grace period for TLS clients that a stricter listener would refuse. */
const DISMISSED_GRACE_MS = 30_000;

const listenersOf = ({ listeners }: CompiledPort): Listener[] => listeners.map(({ listener }) => listener);

export class TcpService implements StreamHost {
  readonly #http: HttpService;
  readonly #deps: TcpServiceDeps;
  readonly #streams = new Set<StreamSession>();
  readonly tls = new TlsCounters();

  constructor(http: HttpService, deps: TcpServiceDeps) {
    this.#http = http;
    this.#deps = deps;
  }

  get port(): CompiledPort {
    return this.#http.port;
  }
  /**
   * Replaces the configuration. Relayed connections that it does not permit end now; TLS clients that it would refuse get
   * `DISMISSED_GRACE_MS`.
   */
  update(port: CompiledPort): void {
    const before = this.#http.port;
    this.#http.port = port;
    if (!hasSameTrust(listenersOf(before), listenersOf(port))) {
      this.connections.dismiss((admission) => isStillAdmitted(admission, port.l4.tls), DISMISSED_GRACE_MS);
    }
    for (const session of [...this.#streams]) session.review(port.l4.rules);
  }

  get connections(): ConnectionRegistry {
    return this.#http.connections;
  }

  get #isFull(): boolean {
    const { connections } = this.port.limits;
    return connections > 0 && this.connections.openConnections >= connections;
  }

  /** Handles an accepted connection. */
  accept(accepted: Socket | AcceptedHandle): void {
    if (this.#isFull) {
      this.connections.refused('overflow');
      refuseAccepted(accepted);
      return;
    }
    const transport = transportOfAccepted(accepted, DISCARDING_SINK);
    const peers = new TransportPeers(transport);
    const { l4 } = this.port;
    if (l4.expectsProxyHeader?.(peers.source.address) === true) this.#readProxyHeader(transport, peers);
    else if (!this.#admits(transport, peers)) return;
    else if (l4.tls !== null)
      this.#beginTls(transport, new Arrival(transport, this.connections), l4.tls, peers);
    else this.#begin(transport, peers, null);
  }

  /** Asks the policies of the port, which then count the connection until it closes; false: it is closed. */
  #admits(transport: Transport, peers: ProxiedPeers): boolean {
    const filters = this.port.connections;
    if (filters === null) return true;
    const client = peers.source;
    const refusal = filters.admit(client);
    if (refusal === null) {
      transport.onceClosed(() => filters.closed(client));
      return true;
    }
    this.connections.refused(refusal);
    transport.reset();
    return false;
  }

  #readProxyHeader(transport: SocketTransport, peers: ProxiedPeers): void {
    const arrival = new Arrival(transport, this.connections);
    const { headTimeoutMs } = this.port.limits;
    receiveProxyHeader(transport, this.#http.wheel, headTimeoutMs, {
      onHeader: (proxied, rest) => {
        const { tls } = this.port.l4;
        const client = proxied === null ? peers : new TransportPeers(transport, proxied);
        if (!this.#admits(transport, client)) return;
        if (tls === null) {
          arrival.handOver(() => this.#begin(transport, client, rest));
        } else {
          this.#beginTls(transport, arrival, tls, client);
          if (rest.length > 0) transport.sink.onBytes(rest, rest.length);
        }
      },
      onRefused: (detail) => {
        this.connections.refused('bad_request');
        this.#deps.logger.debug('PROXY header refused', { peer: peers.source.address, detail });
      },
    });
  }

  /** Without TLS: a relay, or cleartext HTTP. `first`: bytes read already. */
  #begin(transport: Transport, peers: ProxiedPeers, first: Buffer | null): void {
    const { relay } = this.port.l4;
    const firstBytes = first === null || first.length === 0 ? null : first;
    if (relay !== null) {
      this.#relay(transport, relay.rule, peers, firstBytes);
      return;
    }
    this.#serveHttp(transport, peers, null);
    if (firstBytes !== null) transport.sink.onBytes(firstBytes, firstBytes.length);
  }

  #beginTls(
    transport: SocketTransport,
    arrival: Arrival,
    port: TlsPort<CompiledL4Rule>,
    peers: ProxiedPeers,
  ): void {
    const { wheel } = this.#http;
    const deps = {
      terminator: this.#deps.terminator,
      counters: this.tls,
      wheel,
      handshakeTimeoutMs: this.port.limits.headTimeoutMs,
    };
    receiveTls(transport, port, deps, {
      onAccepted: (accepted) => {
        const { serverName, listener } = accepted;
        const admission = { serverName, validation: validationOf(listener) };
        if (!isStillAdmitted(admission, this.port.l4.tls)) {
          // The configuration changed during the handshake.
          arrival.destroy();
          return;
        }
        const begin = (): void => {
          if (accepted.kind === 'https') this.#serveHttp(accepted.transport, peers, accepted);
          else this.#relay(accepted.transport, accepted.rule, peers, accepted.firstBytes);
        };
        arrival.handOver(() => this.connections.admit(admission, begin));
      },
      onRefused: (failure, detail, serverName) => {
        const { address } = peers.source;
        this.#deps.logger.debug('TLS connection refused', { failure, detail, serverName, client: address });
      },
    });
  }

  #serveHttp(
    transport: Transport,
    peers: ProxiedPeers,
    secure: (TlsAccepted<CompiledL4Rule> & { readonly kind: 'https' }) | null,
  ): void {
    const { source } = peers;
    const info = {
      peers,
      clientAddress: source.address,
      clientPort: source.port,
      scheme: secure === null ? 'http' : 'https',
      listenerPort: this.port.number,
      serverName: secure?.serverName ?? null,
      tlsListener: secure?.listener.id ?? null,
      readCertificate: secure?.readCertificate ?? null,
      limits: this.port.limits,
    } as const;
    this.#http.serve(transport, info, secure?.applicationProtocol ?? null);
  }

  #relay(
    transport: Transport,
    rule: CompiledL4Rule | null,
    peers: ProxiedPeers,
    firstBytes: Buffer | null,
  ): void {
    if (rule === null) {
      // A listener without a route refuses, as one whose backends are all invalid does.
      this.connections.refused('no_rule');
      transport.reset();
      return;
    }
    const { wheel } = this.#http;
    openStream({ transport, rule, firstBytes, peers }, { wheel, host: this });
  }

  opened(session: StreamSession): void {
    this.#streams.add(session);
    this.connections.opened(session);
  }
  closed(session: StreamSession): void {
    this.#streams.delete(session);
    this.connections.closed(session);
  }
}

/** Both ends of a connection. Reading an address costs a system call, so it waits until an address is needed. */
class TransportPeers implements ProxiedPeers {
  readonly #transport: Transport;
  readonly #proxied: ProxiedPeers | null;

  /** `proxied`: the addresses from a trusted PROXY header. */
  constructor(transport: Transport, proxied: ProxiedPeers | null = null) {
    this.#transport = transport;
    this.#proxied = proxied;
  }

  get isGone(): boolean {
    return this.#transport.isClosed;
  }
  get source(): TransportAddress {
    return this.#proxied?.source ?? this.#transport.remoteAddress;
  }
  get destination(): TransportAddress {
    return this.#proxied?.destination ?? this.#transport.localAddress;
  }
}
