/** A connection that has not found its listener yet: counted, and closed with the others, from its first moment. */
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

  /** `begin` lists the connection under its new owner, before it leaves the list here: at no time is it on none. */
  handOver(begin: () => void): void {
    this.#connections.handedOver();
    begin();
    this.#leave();
  }

  /** One that goes on to say nothing is idle; the others are under way to an owner that will be drained, or to their time limit. */
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
