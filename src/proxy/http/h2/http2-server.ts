/** The HTTP/2 server of a proxy, and the first bytes of a cleartext connection, which decide who serves it. */
import type { ByteSink, Transport } from '../../listener/transport.ts';
import type { DownstreamConnection } from '../downstream-connection.ts';
import type { ServerHost } from '../server-host.ts';
import { PREFACE } from './frame.ts';
import { H2ServerConnection } from './server-connection.ts';

/** Takes the transport over: becomes its sink. After ALPN has chosen `h2`, or when the preface was seen. */
export function acceptHttp2(transport: Transport, connection: DownstreamConnection, host: ServerHost): void {
  transport.sink = new H2ServerConnection(host, transport, connection);
}

/**
 * Prior knowledge (RFC 9113 section 3.3): a client that speaks HTTP/2 begins with a preface that no HTTP/1.1 request can be. `choose`
 * puts another sink in this one's place, which then gets the bytes.
 */
export class ProtocolChoice implements ByteSink {
  readonly #transport: Transport;
  readonly #choose: (isHttp2: boolean) => void;
  #seen = 0;

  constructor(transport: Transport, choose: (isHttp2: boolean) => void) {
    this.#transport = transport;
    this.#choose = choose;
  }

  onBytes(buffer: Buffer, length: number): void {
    const end = Math.min(PREFACE.length, this.#seen + length);
    const isPreface = PREFACE.compare(buffer, 0, end - this.#seen, this.#seen, end) === 0;
    if (isPreface && end < PREFACE.length) {
      this.#seen = end;
      return;
    }
    const before = this.#seen;
    this.#choose(isPreface);
    const { sink } = this.#transport;
    // What was held back is the beginning of the preface, whoever gets it.
    if (before > 0) sink.onBytes(Buffer.from(PREFACE.subarray(0, before)), before);
    sink.onBytes(buffer, length);
  }

  /** Too little came to choose by: HTTP/1.1 knows what to do about that. */
  onEnd(): void {
    this.#choose(false);
    this.#transport.sink.onEnd();
  }

  onDrain(): void {
    // Nothing has been written.
  }

  onClose(error: Error | null): void {
    this.#choose(false);
    this.#transport.sink.onClose(error);
  }

  nextReadBuffer(): null {
    return null;
  }
}
