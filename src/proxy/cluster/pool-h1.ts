/** HTTP/1.1 connections to one endpoint: the most recently used idle one is used next, so that the others can be let go. */
import { H1ClientConnection, type ConnectionOwner } from '../http/h1/client-connection.ts';
import { renderRequest } from '../http/h1/write-request.ts';
import type { UpstreamEvents } from '../http/stream.ts';
import type { TimerWheel } from '../timer-wheel.ts';
import type { ConnectionPolicy } from '../../ir/policy.ts';
import type { Dial, EndpointPool, UpstreamProtocol } from './upstream-pool.ts';

class H1Pool implements EndpointPool, ConnectionOwner {
  readonly #dial: Dial;
  readonly #policy: ConnectionPolicy;
  readonly #wheel: TimerWheel;
  readonly #idle: H1ClientConnection[] = [];
  readonly #all = new Set<H1ClientConnection>();
  /** Who waits for which connection that is being made. */
  readonly #waiting = new Map<H1ClientConnection, UpstreamEvents>();
  #isRetired = false;

  constructor(dial: Dial, policy: ConnectionPolicy, wheel: TimerWheel) {
    this.#dial = dial;
    this.#policy = policy;
    this.#wheel = wheel;
  }

  get connections(): number {
    return this.#all.size;
  }
  get idleConnections(): number {
    return this.#idle.length;
  }

  open(events: UpstreamEvents, fresh: boolean): void {
    const idle = fresh ? undefined : this.#takeIdle();
    if (idle === undefined) {
      this.#connect(events);
      return;
    }
    this.#wheel.cancel(idle);
    idle.use(events);
    events.onUpstreamReady(idle);
  }

  /** One that was closed a moment ago may still be here: its close is told on the next turn. */
  #takeIdle(): H1ClientConnection | undefined {
    let idle = this.#idle.pop();
    while (idle?.isClosed === true) idle = this.#idle.pop();
    return idle;
  }

  #connect(events: UpstreamEvents): void {
    const connection = new H1ClientConnection(this);
    this.#all.add(connection);
    this.#waiting.set(connection, events);
    connection.attach(this.#dial.connect(connection));
    if (this.#dial.connectTimeoutMs > 0) {
      this.#wheel.schedule(connection, this.#wheel.now() + this.#dial.connectTimeoutMs);
    }
  }

  cancelOpen(events: UpstreamEvents): void {
    for (const [connection, waiting] of this.#waiting) {
      if (waiting !== events) continue;
      this.#waiting.delete(connection);
      connection.destroy();
      return;
    }
  }

  onConnected(connection: H1ClientConnection): void {
    this.#wheel.cancel(connection);
    connection.connectedAtMs = this.#wheel.now();
    const events = this.#waiting.get(connection);
    if (events === undefined) {
      connection.destroy();
      return;
    }
    this.#waiting.delete(connection);
    connection.use(events);
    events.onUpstreamReady(connection);
  }

  onIdle(connection: H1ClientConnection): void {
    const { maxRequests, maxDurationMs, idleTimeoutMs } = this.#policy;
    const isWornOut =
      (maxRequests > 0 && connection.served >= maxRequests) ||
      (maxDurationMs > 0 && this.#wheel.now() - connection.connectedAtMs >= maxDurationMs);
    if (this.#isRetired || isWornOut) {
      connection.destroy();
      return;
    }
    this.#idle.push(connection);
    if (idleTimeoutMs > 0) this.#wheel.schedule(connection, this.#wheel.now() + idleTimeoutMs);
  }

  onTimeout(connection: H1ClientConnection): void {
    const events = this.#waiting.get(connection);
    this.#waiting.delete(connection);
    connection.destroy();
    events?.onUpstreamUnavailable('connect_timeout');
  }

  onGone(connection: H1ClientConnection): void {
    this.#wheel.remove(connection);
    this.#all.delete(connection);
    const idleAt = this.#idle.lastIndexOf(connection);
    if (idleAt >= 0) this.#idle.splice(idleAt, 1);
    const events = this.#waiting.get(connection);
    if (events === undefined) return;
    this.#waiting.delete(connection);
    events.onUpstreamUnavailable('connect_failed');
  }

  retire(): void {
    this.#isRetired = true;
    for (const connection of this.#idle) connection.destroy();
    this.#idle.length = 0;
  }

  destroy(): void {
    this.retire();
    for (const connection of this.#all) connection.destroy();
  }
}

/** HTTP/1.1 towards backends. */
export class Http1Protocol implements UpstreamProtocol {
  readonly #policy: ConnectionPolicy;
  readonly #wheel: TimerWheel;
  readonly prepare = renderRequest;

  constructor(policy: ConnectionPolicy, wheel: TimerWheel) {
    this.#policy = policy;
    this.#wheel = wheel;
  }

  createPool(dial: Dial): EndpointPool {
    return new H1Pool(dial, this.#policy, this.#wheel);
  }
}
