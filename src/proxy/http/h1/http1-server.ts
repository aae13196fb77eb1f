/** The HTTP/1.1 server of a proxy: makes a connection of each transport it is given. */
import type { Transport } from '../../listener/transport.ts';
import type { DownstreamConnection } from '../downstream-connection.ts';
import type { ServerHost } from '../server-host.ts';
import { H1RequestHead } from './request-head.ts';
import { H1ServerConnection } from './server-connection.ts';

export class Http1Server {
  readonly #head: H1RequestHead;

  constructor({ headBytes, targetBytes, headerCount }: ServerHost['limits']) {
    this.#head = new H1RequestHead({ headBytes, targetBytes, headerCount });
  }

  /** Takes the transport over: becomes its sink. */
  accept(transport: Transport, connection: DownstreamConnection, host: ServerHost): void {
    transport.sink = new H1ServerConnection(host, this.#head, transport, connection);
  }
}
