/** The HTTP/1.1 server of a proxy: creates a connection for each transport. */
import type { Transport } from '../net/transport.ts';
import type { DownstreamConnection } from '../message/downstream-connection.ts';
import type { ServerHost } from '../message/server-host.ts';
import { H1RequestHead, type HeadLimits } from './request-head.ts';
import { H1ServerConnection } from './server-connection.ts';

export class Http1Server {
  /** One parser for all connections with the same limits: a head is used up within the call that parses it. */
  readonly #heads = new WeakMap<HeadLimits, H1RequestHead>();

  /** Becomes the sink of the transport. */
  accept(transport: Transport, connection: DownstreamConnection, host: ServerHost): void {
    const head = this.#headFor(connection.info.limits);
    const server = new H1ServerConnection(host, head, transport, connection);
    transport.sink = server;
    server.start();
  }

  #headFor(limits: HeadLimits): H1RequestHead {
    let head = this.#heads.get(limits);
    if (head === undefined) {
      head = new H1RequestHead(limits);
      this.#heads.set(limits, head);
    }
    return head;
  }
}
