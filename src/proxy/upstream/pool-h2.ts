/**
 * HTTP/2 connections to one endpoint. One connection is used as long as the backend accepts more streams, since more connections mean
 * more writes for the same frames; otherwise another one is opened.
 */
import type { ClusterPolicy } from '../../ir/policy.ts';
import type { CircuitBreaker, LimitedPool } from './circuit-breaker.ts';
import { H2ClientConnection, type H2ConnectionOwner } from '../h2/client-connection.ts';
import { prepareHttp2 } from '../h2/write-request.ts';
import type { UpstreamEvents } from '../message/stream.ts';
import type { ConnectingSink, Transport } from '../net/transport.ts';
import { TimerEntry, type TimerWheel } from '../net/timer-wheel.ts';
import type { Dial, EndpointPool, UnavailableReason, UpstreamProtocol } from './upstream-pool.ts';

/** Maximum number of exchanges that wait for one connection being established. */
const MAX_WAITING = 1_000;

class H2Pool implements EndpointPool, H2ConnectionOwner, LimitedPool {
  readonly #dial: Dial;
  readonly #policy: ClusterPolicy;
  readonly #wheel: TimerWheel;
  /** Connections with SETTINGS; the first with room is used. */
  readonly #ready: H2ClientConnection[] = [];
  #connecting: Connecting | null = null;
  #waiting: UpstreamEvents[] = [];
  /** How many of the waiting requests the new connection has no room for; the circuit breaker counts them. */
  #pending = 0;
  firstTurn = Infinity;
  readonly #breaker: CircuitBreaker;
  #isRetired = false;

  constructor(dial: Dial, breaker: CircuitBreaker, policy: ClusterPolicy, wheel: TimerWheel) {
    this.#dial = dial;
    this.#breaker = breaker;
    breaker.register(this);
    this.#policy = policy;
    this.#wheel = wheel;
  }

  get connections(): number {
    return this.#ready.length + (this.#connecting === null ? 0 : 1);
  }
  get idleConnections(): number {
    return this.#ready.filter(({ streams }) => streams.size === 0).length;
  }
  get isInUse(): boolean {
    return this.connections + this.#waiting.length > 0;
  }

  open(events: UpstreamEvents, fresh: boolean): void {
    for (const connection of this.#ready) {
      if (!connection.hasRoom || (fresh && connection.served > 0)) continue;
      this.#begin(connection, events);
      return;
    }
    if (this.#waiting.length >= MAX_WAITING || !this.#mayWait()) {
      events.onUpstreamUnavailable('overflow');
      return;
    }
    this.#waiting.push(events);
    if (this.#waiting.length === 1) this.firstTurn = this.#breaker.nextTurn();
    this.#connect();
    this.#notePending();
  }

  /** Those that a connection being made, or one that could be made, has room for wait for it alone. */
  #mayWait(): boolean {
    if (this.#connecting === null && !this.#breaker.isFull) return true;
    if (this.#connecting !== null && this.#waiting.length < this.#policy.http2.maxConcurrentStreams)
      return true;
    return this.#breaker.mayWait();
  }

  #notePending(): void {
    const room = this.#connecting === null ? 0 : this.#policy.http2.maxConcurrentStreams;
    const pending = Math.max(0, this.#waiting.length - room);
    this.#breaker.pending += pending - this.#pending;
    this.#pending = pending;
    if (this.#waiting.length === 0) this.firstTurn = Infinity;
  }

  onPlaceFree(): void {
    if (this.#waiting.length > 0) this.#connect();
    this.#notePending();
  }

  dropIdle(): boolean {
    const idle = this.#ready.find(({ streams, isOver }) => streams.size === 0 && !isOver);
    idle?.close();
    return idle !== undefined;
  }

  #begin(connection: H2ClientConnection, events: UpstreamEvents): void {
    const stream = connection.open(events);
    const { maxRequests, maxDurationMs } = this.#policy.connection;
    const isWornOut =
      (maxRequests > 0 && connection.served >= maxRequests) ||
      (maxDurationMs > 0 && this.#wheel.now() - connection.connectedAtMs >= maxDurationMs);
    if (isWornOut) connection.isLeaving = true;
    events.onUpstreamReady(stream);
  }

  cancelOpen(events: UpstreamEvents): void {
    const at = this.#waiting.indexOf(events);
    if (at >= 0) this.#waiting.splice(at, 1);
    this.#notePending();
  }

  // --- connections that are being made ---

  #connect(): void {
    if (this.#connecting !== null || !this.#breaker.reserve(this)) return;
    const connecting = new Connecting(this.#wheel, this.#dial, {
      onConnected: (transport) => {
        const connection = new H2ClientConnection(this, transport, this.#wheel, this.#policy.http2);
        transport.sink = connection;
        connection.start();
        return connection;
      },
      onFailed: (reason) => {
        this.#connecting = null;
        this.#failWaiting(reason);
        this.#breaker.release();
      },
    });
    this.#connecting = connecting;
    connecting.start();
  }

  onReady(connection: H2ClientConnection): void {
    this.#connecting?.succeed();
    this.#connecting = null;
    this.#ready.push(connection);
    this.#serveWaiting(connection);
    if (this.#isRetired) connection.isLeaving = true;
    this.onRoom(connection);
    if (this.#waiting.length === 0) return;
    // A backend that allows no streams would be dialed forever.
    if (connection.served > 0) this.#connect();
    else this.#failWaiting('connect_failed');
    this.#notePending();
  }

  #serveWaiting(connection: H2ClientConnection): void {
    while (this.#waiting.length > 0 && connection.hasRoom) {
      const events = this.#waiting.shift();
      // A pool that got a slot goes behind those that have not.
      this.firstTurn = this.#breaker.nextTurn();
      if (events !== undefined) this.#begin(connection, events);
    }
    this.#notePending();
  }

  #failWaiting(reason: UnavailableReason): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#notePending();
    for (const events of waiting) events.onUpstreamUnavailable(reason);
  }

  // --- connections that are there ---

  onRoom(connection: H2ClientConnection): void {
    this.#serveWaiting(connection);
    if (connection.streams.size > 0 || connection.isOver) return;
    if (connection.isLeaving || this.#breaker.isWantedBefore(this)) connection.close();
    else connection.idleIn(this.#restMs(connection));
  }

  /** Idle timeout, limited by its maximum age. 0 = none. */
  #restMs(connection: H2ClientConnection): number {
    const { idleTimeoutMs, maxDurationMs } = this.#policy.connection;
    if (maxDurationMs <= 0) return idleTimeoutMs;
    const leftMs = Math.max(1, connection.connectedAtMs + maxDurationMs - this.#wheel.now());
    return idleTimeoutMs > 0 ? Math.min(idleTimeoutMs, leftMs) : leftMs;
  }

  onIdle(connection: H2ClientConnection): void {
    if (connection.streams.size === 0) connection.close();
  }

  onGone(connection: H2ClientConnection): void {
    const at = this.#ready.indexOf(connection);
    if (at >= 0) {
      this.#ready.splice(at, 1);
      this.#breaker.release();
    } else if (this.#connecting?.connection === connection) this.#connecting.fail('connect_failed');
  }

  retire(): void {
    this.#isRetired = true;
    this.#breaker.unregister(this);
    for (const connection of [...this.#ready]) {
      connection.isLeaving = true;
      if (connection.streams.size === 0) connection.close();
    }
  }

  destroy(): void {
    this.#isRetired = true;
    this.#connecting?.fail('connect_failed');
    for (const connection of [...this.#ready]) connection.destroy();
  }
}

interface ConnectingEvents {
  readonly onConnected: (transport: Transport) => H2ClientConnection;
  readonly onFailed: (reason: UnavailableReason) => void;
}

/** A connection on its way: connected, and then waiting for the backend's settings, all within the time to connect. */
class Connecting extends TimerEntry implements ConnectingSink {
  readonly #wheel: TimerWheel;
  readonly #dial: Dial;
  readonly #events: ConnectingEvents;
  /** Once the socket is connected. */
  connection: H2ClientConnection | null = null;
  #transport: Transport | null = null;
  #isOver = false;

  constructor(wheel: TimerWheel, dial: Dial, events: ConnectingEvents) {
    super();
    this.#wheel = wheel;
    this.#dial = dial;
    this.#events = events;
  }

  start(): void {
    this.#transport = this.#dial.connect(this);
    const { connectTimeoutMs } = this.#dial;
    if (connectTimeoutMs > 0) this.#wheel.schedule(this, this.#wheel.now() + connectTimeoutMs);
  }

  onConnected(): void {
    if (!this.#isOver && this.#transport !== null)
      this.connection = this.#events.onConnected(this.#transport);
  }

  succeed(): void {
    this.#isOver = true;
    this.#wheel.remove(this);
  }

  fail(reason: UnavailableReason): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#wheel.remove(this);
    this.#transport?.destroy();
    this.#events.onFailed(reason);
  }

  override onTimer(): void {
    this.fail('connect_timeout');
  }

  onClose(): void {
    this.fail('connect_failed');
  }
  onEnd(): void {
    this.fail('connect_failed');
  }

  onBytes(): void {
    // A backend says nothing before it is connected to.
  }
  onDrain(): void {
    // Nothing has been written.
  }
  nextReadBuffer(): null {
    return null;
  }
}

/** HTTP/2 toward backends: with prior knowledge on cleartext, by ALPN over TLS. */
export class Http2Protocol implements UpstreamProtocol {
  readonly #policy: ClusterPolicy;
  readonly #wheel: TimerWheel;
  readonly prepare = prepareHttp2;

  constructor(policy: ClusterPolicy, wheel: TimerWheel) {
    this.#policy = policy;
    this.#wheel = wheel;
  }

  createPool(dial: Dial, breaker: CircuitBreaker): EndpointPool {
    return new H2Pool(dial, breaker, this.#policy, this.#wheel);
  }
}
