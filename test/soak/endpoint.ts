/** What endpoints that misbehave have in common: they listen, stop to listen, and come back on the same port. */
import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import type { Mode } from './scenarios.ts';

/** The usual time for an answer. */
export const ANSWER_MS = 8;

/** A connection, in the protocol's own terms. */
interface Connection {
  destroy(): void;
  on(event: 'error', listener: () => void): unknown;
  once(event: 'close', listener: () => void): unknown;
}

export abstract class Endpoint {
  readonly #host: string;
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  #mode: Mode = 'well';
  port = 0;

  /** `event`: with which the server announces its connections. */
  protected constructor(host: string, server: Server, event: 'connection' | 'session') {
    this.#host = host;
    this.#server = server;
    server.on(event, (connection: Connection) => {
      this.#connections.add(connection);
      connection.on('error', () => undefined);
      connection.once('close', () => this.#connections.delete(connection));
    });
  }

  protected get mode(): Mode {
    return this.#mode;
  }

  /** Resolves when it is active. */
  async set(mode: Mode): Promise<void> {
    this.#mode = mode;
    if (mode === 'refuses' && this.#server.listening) {
      this.#server.close();
      for (const connection of this.#connections) connection.destroy();
      await once(this.#server, 'close');
    } else if (mode !== 'refuses' && !this.#server.listening) await this.listen();
  }

  /** On any port the first time, and on that one from then on. */
  async listen(): Promise<this> {
    this.#server.listen(this.port, this.#host);
    await once(this.#server, 'listening');
    this.port = (this.#server.address() as AddressInfo).port;
    return this;
  }
}
