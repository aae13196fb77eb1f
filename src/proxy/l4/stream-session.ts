/**
 * One relayed TCP connection: selects the backend and the endpoint, dials, retries another endpoint while nothing was sent,
 * and then moves bytes both ways until both ends are done.
 */
import type { ReasonCode } from '../../ir/reason.ts';
import { writeProxyHeader, type ProxiedPeers } from '../net/proxy-protocol.ts';
import { DISCARDING_SINK, type ConnectingSink, type Transport } from '../net/transport.ts';
import type { ServerConnection } from '../message/server-host.ts';
import { TimerEntry, type TimerWheel } from '../net/timer-wheel.ts';
import {
  chooseBackend,
  isFull,
  isStillPermitted,
  keyOf,
  type CompiledL4Backend,
  type CompiledL4Rule,
  type L4Endpoint,
} from './l4-rule.ts';
import { RelaySide, type RelayEvents } from './relay-side.ts';
import type { StreamCounters } from './stream-counters.ts';

/** Maximum number of endpoints attempted for one connection. */
const MAX_TRIES = 3;
/** At layer 4, only the success of the connection is known of an endpoint. */
const CONNECTED = 200;

export interface StreamOpening {
  /** The client's connection, which the session owns from now on. */
  readonly transport: Transport;
  readonly rule: CompiledL4Rule;
  /** What was read from it already. */
  readonly firstBytes: Buffer | null;
  /** Client and dialled address, for a PROXY header. */
  readonly peers: ProxiedPeers;
}

/** Where sessions are listed while they are open. */
export interface StreamHost {
  opened(session: StreamSession): void;
  closed(session: StreamSession): void;
}

export interface StreamDeps {
  readonly wheel: TimerWheel;
  readonly host: StreamHost;
}

/** Starts relaying `opening`. The result is visible only in counters. */
export function openStream(opening: StreamOpening, deps: StreamDeps): void {
  const { transport, rule } = opening;
  transport.pause();
  // Also while the proxy drains: connections accepted before are served.
  const backend = chooseBackend(rule);
  if (backend === null || backend.cluster === null) {
    refuse(transport, (backend ?? rule).counters, backend?.refusal ?? 'no_backend');
    return;
  }
  const refusal = backend.connections?.admit(opening.peers.source) ?? null;
  if (refusal !== null) {
    refuse(transport, backend.counters, refusal);
    return;
  }
  new StreamSession(opening, backend, deps).start();
}

function refuse(transport: Transport, counters: StreamCounters, reason: ReasonCode): void {
  counters.ended(reason);
  transport.sink = DISCARDING_SINK;
  transport.reset();
}

export class StreamSession extends TimerEntry implements ConnectingSink, RelayEvents, ServerConnection {
  readonly #opening: StreamOpening;
  readonly #backend: CompiledL4Backend;
  readonly #counters: StreamCounters;
  readonly #deps: StreamDeps;
  readonly #client: RelaySide;
  #upstream: RelaySide | null = null;
  /** The connection being made. */
  #dialing: Transport | null = null;
  #endpoint: L4Endpoint | null = null;
  readonly #tried: L4Endpoint[] = [];
  #endsAtMs = Infinity;
  #isOver = false;

  constructor(opening: StreamOpening, backend: CompiledL4Backend, deps: StreamDeps) {
    super();
    this.#opening = opening;
    this.#backend = backend;
    this.#counters = backend.counters;
    this.#deps = deps;
    this.#client = new RelaySide(opening.transport, this);
  }

  start(): void {
    this.#counters.opened();
    this.#deps.host.opened(this);
    this.#opening.transport.sink = this.#client;
    const { cluster } = this.#backend;
    if (cluster !== null && isFull(cluster)) this.#refuse('overflow');
    else this.#tryNext(cluster?.reasonForNone ?? 'no_endpoints');
  }

  #choose(): L4Endpoint | null {
    const { cluster } = this.#backend;
    if (cluster === null) return null;
    return cluster.pick(this.#tried, keyOf(cluster, this.#opening.peers.source.address));
  }

  /** Dials an endpoint that was not attempted yet; refuses with `reason` if there is none left. */
  #tryNext(reason: ReasonCode): void {
    const { cluster } = this.#backend;
    const next = this.#tried.length < MAX_TRIES ? this.#choose() : null;
    if (cluster === null || next === null || this.#tried.includes(next)) {
      this.#refuse(reason);
      return;
    }
    if (this.#tried.length > 0) this.#counters.retries++;
    this.#tried.push(next);
    this.#leaveEndpoint();
    this.#endpoint = next;
    next.active++;
    const { proxyProtocol } = cluster.config.policy;
    const preamble = proxyProtocol === null ? null : writeProxyHeader(proxyProtocol, this.#opening.peers);
    this.#dialing = next.dial.connect(this, preamble);
    const { connectTimeoutMs } = next.dial;
    const { wheel } = this.#deps;
    if (connectTimeoutMs > 0) wheel.schedule(this, wheel.now() + connectTimeoutMs);
  }

  // --- while connecting: the sink of the new connection ---

  onConnected(): void {
    const transport = this.#dialing;
    const { wheel } = this.#deps;
    if (transport === null || this.#isOver) return;
    this.#dialing = null;
    this.#endpoint?.health.answered(CONNECTED);
    const upstream = new RelaySide(transport, this);
    this.#upstream = upstream;
    const maxDurationMs = this.#backend.cluster?.config.policy.connection.maxDurationMs ?? 0;
    if (maxDurationMs > 0) this.#endsAtMs = wheel.now() + maxDurationMs;
    wheel.cancel(this);
    this.onActivity();
    RelaySide.join(this.#client, upstream);
    const { firstBytes } = this.#opening;
    if (firstBytes !== null) {
      this.#client.bytes += firstBytes.length;
      transport.enqueue(firstBytes);
    }
    this.#client.passOnEarlyEnd();
    this.#opening.transport.resume();
  }

  onClose(): void {
    if (this.#dialing === null || this.#isOver) return;
    this.#dialing = null;
    this.#endpoint?.connectFailed();
    this.#tryNext('connect_failed');
  }

  onBytes(): void {
    // Neither side sends before `onConnected`, which replaces the transport's sink.
  }
  onEnd(): void {
    // As above; `onClose` follows.
  }
  onDrain(): void {
    // As above.
  }
  nextReadBuffer(): null {
    return null;
  }

  // --- afterwards ---

  onActivity(): void {
    const idleMs = this.#backend.cluster?.config.policy.connection.tcpIdleTimeoutMs ?? 0;
    const { wheel } = this.#deps;
    const idleAtMs = idleMs > 0 ? wheel.now() + idleMs : Infinity;
    const deadlineMs = Math.min(idleAtMs, this.#endsAtMs);
    if (deadlineMs !== Infinity) wheel.schedule(this, deadlineMs);
  }

  override onTimer(): void {
    if (this.#dialing !== null) {
      this.#abandonDial();
      this.#endpoint?.connectFailed();
      this.#tryNext('connect_timeout');
    } else {
      this.#counters.ended('stream_idle');
      this.destroy();
    }
  }

  onSideClosed(side: RelaySide, error: Error | null): void {
    if (this.#isOver) return;
    const other = side === this.#client ? this.#upstream : this.#client;
    if (other === null || other.transport.isClosed) {
      this.#finish();
    } else if (error !== null) {
      // If one end did not get all bytes, the other must not see a clean close.
      other.transport.reset();
      this.#finish();
    } else if (!side.transport.readEnded) {
      this.destroy();
    }
    // Otherwise the side was closed after both directions had ended: the other one closes when its last bytes are out.
  }

  /** Ends the connection if a new configuration no longer permits it. */
  review(rules: ReadonlyMap<string, CompiledL4Rule>): void {
    if (this.#isOver || isStillPermitted(this.#opening.rule, this.#backend, rules)) return;
    this.#counters.ended(rules.has(this.#opening.rule.id) ? 'invalid_ref' : 'no_rule');
    this.destroy();
  }

  drain(): void {
    // TCP has no way to ask a peer to close.
  }

  /** Closes both ends now. */
  destroy(): void {
    if (this.#isOver) return;
    this.#abandonDial();
    this.#finish();
    this.#client.transport.destroy();
    this.#upstream?.transport.destroy();
  }

  #refuse(reason: ReasonCode): void {
    this.#counters.ended(reason);
    this.#finish();
    this.#client.transport.reset();
  }

  #abandonDial(): void {
    if (this.#dialing === null) return;
    this.#dialing.sink = DISCARDING_SINK;
    this.#dialing.destroy();
    this.#dialing = null;
  }

  #leaveEndpoint(): void {
    if (this.#endpoint !== null) this.#endpoint.active--;
    this.#endpoint = null;
  }

  #finish(): void {
    this.#isOver = true;
    this.#abandonDial();
    this.#leaveEndpoint();
    this.#deps.wheel.remove(this);
    this.#counters.receivedBytes += this.#client.bytes;
    this.#counters.sentBytes += this.#upstream?.bytes ?? 0;
    this.#counters.closed();
    this.#backend.connections?.closed(this.#opening.peers.source);
    this.#deps.host.closed(this);
  }
}
