/**
 * HTTP/2 connections to one endpoint. One carries everything as long as the backend takes more streams, since more connections mean
 * more writes for the same frames; another is made when it does not.
 */
import type { ClusterPolicy } from '../../ir/policy.ts';
import { H2ClientConnection, type H2ConnectionOwner } from '../http/h2/client-connection.ts';
import { prepareHttp2 } from '../http/h2/write-request.ts';
import type { UpstreamEvents } from '../http/stream.ts';
import type { Transport } from '../listener/transport.ts';
import { TimerEntry, type TimerWheel } from '../timer-wheel.ts';
import type {
  ConnectingSink,
  Dial,
  EndpointPool,
  UnavailableReason,
  UpstreamProtocol,
} from './upstream-pool.ts';

/** Exchanges that may wait for one connection that is being made. */
const MAX_WAITING = 1_000;

class H2Pool implements EndpointPool, H2ConnectionOwner {
  readonly #dial: Dial;
  readonly #policy: ClusterPolicy;
  readonly #wheel: TimerWheel;
  readonly #all = new Set<H2ClientConnection>();
  #connecting: ConnectingH2 | null = null;
  #waiting: UpstreamEvents[] = [];
  #isRetired = false;

  constructor(dial: Dial, policy: ClusterPolicy, wheel: TimerWheel) {
    this.#dial = dial;
    this.#policy = policy;
    this.#wheel = wheel;
  }

  get connections(): number {
    return this.#all.size;
  }
  get idleConnections(): number {
    let idle = 0;
    for (const connection of this.#all) if (connection.streams.size === 0) idle++;
    return idle;
  }

  open(events: UpstreamEvents, fresh: boolean): void {
    for (const connection of this.#all) {
      if (!connection.hasRoom || (fresh && connection.served > 0)) continue;
      this.#wheel.cancel(connection);
      events.onUpstreamReady(connection.open(events));
      return;
    }
    if (this.#waiting.length >= MAX_WAITING) {
      events.onUpstreamUnavailable('overflow');
      return;
    }
    this.#waiting.push(events);
    this.#connecting ??= this.#connect();
  }

  #connect(): ConnectingH2 {
    const connecting = new ConnectingH2(this.#wheel, this.#dial, {
      onConnected: (transport) => {
        this.#onConnected(transport);
      },
      onFailed: (reason) => {
        this.#onFailed(reason);
      },
    });
    connecting.start();
    return connecting;
  }

  #onConnected(transport: Transport): void {
    this.#connecting = null;
    const { maxConcurrentStreams, initialStreamWindowBytes } = this.#policy.http2;
    const connection = new H2ClientConnection(this, transport, {
      maxStreams: maxConcurrentStreams,
      windowBytes: initialStreamWindowBytes,
    });
    transport.sink = connection;
    this.#all.add(connection);
    if (this.#isRetired) connection.isLeaving = true;
    this.#serveWaiting(connection);
    this.onRoom(connection);
  }

  #serveWaiting(connection: H2ClientConnection): void {
    while (this.#waiting.length > 0 && connection.hasRoom) {
      const events = this.#waiting.shift();
      events?.onUpstreamReady(connection.open(events));
    }
    if (this.#waiting.length > 0) this.#connecting ??= this.#connect();
  }

  #onFailed(reason: UnavailableReason): void {
    this.#connecting = null;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const events of waiting) events.onUpstreamUnavailable(reason);
  }

  cancelOpen(events: UpstreamEvents): void {
    const at = this.#waiting.indexOf(events);
    if (at >= 0) this.#waiting.splice(at, 1);
  }

  onRoom(connection: H2ClientConnection): void {
    if (this.#waiting.length > 0 && connection.hasRoom) this.#serveWaiting(connection);
    if (connection.streams.size > 0) return;
    if (connection.isLeaving) {
      connection.destroy();
      return;
    }
    const { idleTimeoutMs } = this.#policy.connection;
    if (idleTimeoutMs > 0) this.#wheel.schedule(connection, this.#wheel.now() + idleTimeoutMs);
  }

  onTimeout(connection: H2ClientConnection): void {
    if (connection.streams.size === 0) connection.destroy();
  }

  onGone(connection: H2ClientConnection): void {
    this.#wheel.remove(connection);
    this.#all.delete(connection);
  }

  retire(): void {
    this.#isRetired = true;
    for (const connection of this.#all) {
      connection.isLeaving = true;
      if (connection.streams.size === 0) connection.destroy();
    }
  }

  destroy(): void {
    this.retire();
    this.#connecting?.abandon();
    for (const connection of this.#all) connection.destroy();
  }
}

interface ConnectingEvents {
  readonly onConnected: (transport: Transport) => void;
  readonly onFailed: (reason: UnavailableReason) => void;
}

/** A socket on its way to become a connection. */
class ConnectingH2 extends TimerEntry implements ConnectingSink {
  readonly #wheel: TimerWheel;
  readonly #dial: Dial;
  readonly #events: ConnectingEvents;
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

  abandon(): void {
    this.#fail('connect_failed');
  }

  onConnected(): void {
    if (this.#isOver || this.#transport === null) return;
    this.#isOver = true;
    this.#wheel.remove(this);
    this.#events.onConnected(this.#transport);
  }

  override onTimer(): void {
    this.#fail('connect_timeout');
  }

  onClose(): void {
    this.#fail('connect_failed');
  }

  #fail(reason: UnavailableReason): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#wheel.remove(this);
    this.#transport?.socket.destroy();
    this.#events.onFailed(reason);
  }

  onBytes(): void {
    // A server says nothing before it is connected to.
  }
  onEnd(): void {
    this.#fail('connect_failed');
  }
  onDrain(): void {
    // Nothing has been written.
  }
  nextReadBuffer(): null {
    return null;
  }
}

/** HTTP/2 towards backends: with prior knowledge on cleartext, by ALPN over TLS. */
export class Http2Protocol implements UpstreamProtocol {
  readonly #policy: ClusterPolicy;
  readonly #wheel: TimerWheel;
  readonly prepare = prepareHttp2;

  constructor(policy: ClusterPolicy, wheel: TimerWheel) {
    this.#policy = policy;
    this.#wheel = wheel;
  }

  createPool(dial: Dial): EndpointPool {
    return new H2Pool(dial, this.#policy, this.#wheel);
  }
}
