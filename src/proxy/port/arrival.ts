/** A connection without a listener yet: counted, and closed with the others, from the start. */
import type { ConnectionRegistry } from './connection-registry.ts';
import { DRAIN_QUIET_MS, type ServerConnection } from '../message/server-host.ts';
import type { Transport } from '../net/transport.ts';

export class Arrival implements ServerConnection {
  readonly transport: Transport;
  readonly #connections: ConnectionRegistry;
  #isListed = true;

  constructor(transport: Transport, connections: ConnectionRegistry) {
    this.transport = transport;
    this.#connections = connections;
    connections.opened(this);
    transport.onceClosed(() => this.#leave());
  }

  /** `begin` registers the connection with its new owner before it is removed here, so that it is always registered. */
  handOver(begin: () => void): void {
    this.#connections.handedOver();
    begin();
    this.#leave();
  }

  /** A connection without any bytes is idle; the others will get an owner that drains them, or reach their time limit. */
  drain(): void {
    const { transport } = this;
    const timer = setTimeout(() => {
      if (this.#isListed && transport.bytesRead === 0) this.destroy();
    }, DRAIN_QUIET_MS);
    transport.onceClosed(() => clearTimeout(timer));
  }

  destroy(): void {
    this.transport.destroy();
  }

  #leave(): void {
    if (!this.#isListed) return;
    this.#isListed = false;
    this.#connections.closed(this);
  }
}
