/**
 * Connections that begin with a PROXY header belong to the client in the header, so no other client's request may use them: each
 * connection of a client has a pool of its own. The gateway's own requests carry a header without addresses (`UNKNOWN` or `LOCAL`).
 */
import type { UpstreamEvents } from '../message/stream.ts';
import { writeProxyHeader, type ProxiedPeers } from '../net/proxy-protocol.ts';
import type { Dial, EndpointPool } from './upstream-pool.ts';

/** Number of pools checked for removal when a new one is created. */
const SWEPT_AT_ONCE = 8;

export interface PoolPerClientDeps {
  readonly version: 'v1' | 'v2';
  readonly dial: Dial;
  readonly createPool: (dial: Dial) => EndpointPool;
}

interface ClientPool {
  readonly pool: EndpointPool;
  readonly peers: ProxiedPeers | null;
}

export class PoolPerClient implements EndpointPool {
  readonly #deps: PoolPerClientDeps;
  /** By their header. */
  readonly #pools = new Map<string, ClientPool>();
  /** Where requests wait for a connection. */
  readonly #opening = new WeakMap<UpstreamEvents, EndpointPool>();
  #isRetired = false;

  constructor(deps: PoolPerClientDeps) {
    this.#deps = deps;
  }

  open(events: UpstreamEvents, fresh: boolean, peers: ProxiedPeers | null): void {
    const pool = this.#poolOf(writeProxyHeader(this.#deps.version, peers), peers);
    this.#opening.set(events, pool);
    pool.open(events, fresh, peers);
  }

  #poolOf(header: Buffer, peers: ProxiedPeers | null): EndpointPool {
    const key = header.toString('latin1');
    const known = this.#pools.get(key);
    if (known !== undefined) return known.pool;
    this.#sweep();
    const { dial, createPool } = this.#deps;
    const pool = createPool({
      connectTimeoutMs: dial.connectTimeoutMs,
      connect: (sink) => dial.connect(sink, header),
    });
    if (this.#isRetired) pool.retire();
    this.#pools.set(key, { pool, peers });
    return pool;
  }

  /** Pools are checked in rotation: with every new one, more are removed than added. */
  #sweep(): void {
    let left = SWEPT_AT_ONCE;
    for (const [key, known] of this.#pools) {
      if (left-- === 0) return;
      // Idle connections close now, the others when their request is done.
      if (known.peers?.isGone === true) known.pool.retire();
      this.#pools.delete(key);
      if (known.pool.isInUse) this.#pools.set(key, known);
      else known.pool.destroy();
    }
  }

  cancelOpen(events: UpstreamEvents): void {
    this.#opening.get(events)?.cancelOpen(events);
  }

  retire(): void {
    this.#isRetired = true;
    for (const { pool } of this.#pools.values()) pool.retire();
  }

  destroy(): void {
    for (const { pool } of this.#pools.values()) pool.destroy();
  }

  get connections(): number {
    return this.#sum((pool) => pool.connections);
  }
  get idleConnections(): number {
    return this.#sum((pool) => pool.idleConnections);
  }
  get isInUse(): boolean {
    return [...this.#pools.values()].some(({ pool }) => pool.isInUse);
  }

  #sum(count: (pool: EndpointPool) => number): number {
    let total = 0;
    for (const { pool } of this.#pools.values()) total += count(pool);
    return total;
  }
}
