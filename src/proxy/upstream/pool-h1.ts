/** HTTP/1.1 connections to one endpoint: the most recently used idle one is used next, so that the others can expire. */
import { H1ClientConnection, type ConnectionOwner } from '../h1/client-connection.ts';
import { renderRequest } from '../h1/write-request.ts';
import type { UpstreamEvents } from '../message/stream.ts';
import type { TimerWheel } from '../net/timer-wheel.ts';
import type { ConnectionPolicy } from '../../ir/policy.ts';
import type { CircuitBreaker, LimitedPool } from './circuit-breaker.ts';
import type { Dial, EndpointPool, UpstreamProtocol } from './upstream-pool.ts';

/** A request that waits for a connection to become idle. */
interface Waiter {
  readonly events: UpstreamEvents;
  readonly fresh: boolean;
  readonly turn: number;
}

class H1Pool implements EndpointPool, ConnectionOwner, LimitedPool {
  readonly #dial: Dial;
  readonly #policy: ConnectionPolicy;
  readonly #wheel: TimerWheel;
  readonly #idle: H1ClientConnection[] = [];
  readonly #all = new Set<H1ClientConnection>();
  /** The waiting request of each connection being established. */
  readonly #connecting = new Map<H1ClientConnection, UpstreamEvents>();
  /** Requests that wait for a connection slot. */
  readonly #waiters: Waiter[] = [];
  readonly #breaker: CircuitBreaker;
  #isRetired = false;

  constructor(dial: Dial, breaker: CircuitBreaker, policy: ConnectionPolicy, wheel: TimerWheel) {
    this.#dial = dial;
    this.#breaker = breaker;
    breaker.register(this);
    this.#policy = policy;
    this.#wheel = wheel;
  }

  get connections(): number {
    return this.#all.size;
  }
  get idleConnections(): number {
    return this.#idle.length;
  }
  get isInUse(): boolean {
    return this.#all.size + this.#waiters.length > 0;
  }

  open(events: UpstreamEvents, fresh: boolean): void {
    const idle = fresh ? undefined : this.#takeIdle();
    if (idle !== undefined) {
      this.#wheel.cancel(idle);
      this.#begin(idle, events);
    } else if (this.#breaker.reserve(this)) this.#connect(events);
    else {
      // A closed connection frees a slot for a new one.
      if (fresh) this.dropIdle();
      this.#queueUp(events, fresh);
    }
  }

  #begin(connection: H1ClientConnection, events: UpstreamEvents): void {
    connection.use(events);
    events.onUpstreamReady(connection);
  }

  #queueUp(events: UpstreamEvents, fresh: boolean): void {
    if (!this.#breaker.mayWait()) {
      events.onUpstreamUnavailable('overflow');
      return;
    }
    this.#waiters.push({ events, fresh, turn: this.#breaker.nextTurn() });
    this.#breaker.pending++;
  }

  #takeWaiter(): Waiter | undefined {
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) this.#breaker.pending--;
    return waiter;
  }

  get firstTurn(): number {
    return this.#waiters[0]?.turn ?? Infinity;
  }

  onPlaceFree(): void {
    if (this.#waiters.length === 0 || !this.#breaker.reserve(this)) return;
    const waiter = this.#takeWaiter();
    if (waiter !== undefined) this.#connect(waiter.events);
    // The rest of them ask for the next place.
    if (this.#waiters.length > 0) this.onPlaceFree();
  }

  dropIdle(): boolean {
    const idle = this.#takeIdle();
    idle?.destroy();
    return idle !== undefined;
  }

  /** A connection that was just closed may still be listed: its close event follows in the next event loop iteration. */
  #takeIdle(): H1ClientConnection | undefined {
    let idle = this.#idle.pop();
    while (idle?.isClosed === true) idle = this.#idle.pop();
    return idle;
  }

  #connect(events: UpstreamEvents): void {
    const connection = new H1ClientConnection(this);
    this.#all.add(connection);
    this.#connecting.set(connection, events);
    connection.attach(this.#dial.connect(connection));
    if (this.#dial.connectTimeoutMs > 0) {
      this.#wheel.schedule(connection, this.#wheel.now() + this.#dial.connectTimeoutMs);
    }
  }

  cancelOpen(events: UpstreamEvents): void {
    for (const [connection, waiting] of this.#connecting) {
      if (waiting !== events) continue;
      this.#connecting.delete(connection);
      connection.destroy();
      return;
    }
    const at = this.#waiters.findIndex((waiter) => waiter.events === events);
    if (at < 0) return;
    this.#waiters.splice(at, 1);
    this.#breaker.pending--;
  }

  onConnected(connection: H1ClientConnection): void {
    this.#wheel.cancel(connection);
    connection.connectedAtMs = this.#wheel.now();
    const events = this.#connecting.get(connection);
    if (events === undefined) {
      connection.destroy();
      return;
    }
    this.#connecting.delete(connection);
    this.#begin(connection, events);
  }

  onIdle(connection: H1ClientConnection): void {
    const { maxRequests, maxDurationMs } = this.#policy;
    const isWornOut =
      (maxRequests > 0 && connection.served >= maxRequests) ||
      (maxDurationMs > 0 && this.#wheel.now() - connection.connectedAtMs >= maxDurationMs);
    const isOthers = this.#breaker.isWantedBefore(this);
    if (isWornOut || isOthers || this.#waiters[0]?.fresh === true) connection.destroy();
    else if (this.#waiters.length > 0) this.#serveWaiter(connection);
    else if (this.#isRetired) connection.destroy();
    else this.#rest(connection);
  }

  #serveWaiter(connection: H1ClientConnection): void {
    const waiter = this.#takeWaiter();
    if (waiter !== undefined) this.#begin(connection, waiter.events);
  }

  #rest(connection: H1ClientConnection): void {
    this.#idle.push(connection);
    const { maxDurationMs, idleTimeoutMs } = this.#policy;
    const idleEndsAt = idleTimeoutMs > 0 ? this.#wheel.now() + idleTimeoutMs : Infinity;
    const endsAt = maxDurationMs > 0 ? connection.connectedAtMs + maxDurationMs : Infinity;
    const dueMs = Math.min(idleEndsAt, endsAt);
    if (dueMs !== Infinity) this.#wheel.schedule(connection, dueMs);
  }

  onTimeout(connection: H1ClientConnection): void {
    const events = this.#connecting.get(connection);
    this.#connecting.delete(connection);
    connection.destroy();
    events?.onUpstreamUnavailable('connect_timeout');
  }

  onGone(connection: H1ClientConnection): void {
    this.#wheel.remove(connection);
    this.#all.delete(connection);
    const idleAt = this.#idle.lastIndexOf(connection);
    if (idleAt >= 0) this.#idle.splice(idleAt, 1);
    const events = this.#connecting.get(connection);
    this.#connecting.delete(connection);
    events?.onUpstreamUnavailable('connect_failed');
    this.#breaker.release();
  }

  retire(): void {
    this.#isRetired = true;
    for (const connection of this.#idle) connection.destroy();
    this.#idle.length = 0;
    this.#breaker.unregister(this);
  }

  destroy(): void {
    this.retire();
    for (const connection of this.#all) connection.destroy();
  }
}

/** HTTP/1.1 toward backends. */
export class Http1Protocol implements UpstreamProtocol {
  readonly #policy: ConnectionPolicy;
  readonly #wheel: TimerWheel;
  readonly prepare = renderRequest;

  constructor(policy: ConnectionPolicy, wheel: TimerWheel) {
    this.#policy = policy;
    this.#wheel = wheel;
  }

  createPool(dial: Dial, breaker: CircuitBreaker): EndpointPool {
    return new H1Pool(dial, breaker, this.#policy, this.#wheel);
  }
}
