/** The HTTP/2 server of a proxy, and the first bytes of a cleartext connection, which decide who serves it. */
import type { ByteSink, Transport } from '../net/transport.ts';
import type { DownstreamConnection } from '../message/downstream-connection.ts';
import type { ServerConnection, ServerHost } from '../message/server-host.ts';
import { TimerEntry } from '../net/timer-wheel.ts';
import { PREFACE } from '../message/http2-preface.ts';
import { H2ServerConnection } from './server-connection.ts';

/** Takes the transport over: becomes its sink. After ALPN has chosen `h2`, or when the preface was seen. */
export function acceptHttp2(transport: Transport, connection: DownstreamConnection, host: ServerHost): void {
  transport.sink = new H2ServerConnection(host, transport, connection);
}

/**
 * Prior knowledge (RFC 9113 section 3.3): a client that speaks HTTP/2 begins with a preface that no HTTP/1.1 request can be. Until it
 * has shown which it speaks, the connection is here; `accept` then puts its engine in this one's place.
 */
export class ProtocolDetection extends TimerEntry implements ByteSink, ServerConnection {
  readonly #host: ServerHost;
  readonly #transport: Transport;
  readonly #accept: (isHttp2: boolean) => void;
  #seen = 0;

  constructor(
    host: ServerHost,
    transport: Transport,
    headTimeoutMs: number,
    accept: (isHttp2: boolean) => void,
  ) {
    super();
    this.#host = host;
    this.#transport = transport;
    this.#accept = accept;
    host.opened(this);
    if (headTimeoutMs > 0) host.wheel.schedule(this, host.wheel.now() + headTimeoutMs);
  }

  onBytes(buffer: Buffer, length: number): void {
    const end = Math.min(PREFACE.length, this.#seen + length);
    const isPreface = PREFACE.compare(buffer, 0, end - this.#seen, this.#seen, end) === 0;
    if (isPreface && end < PREFACE.length) {
      this.#seen = end;
      return;
    }
    this.#leave();
    this.#accept(isPreface);
    const { sink } = this.#transport;
    // The held bytes are the beginning of the preface, for either engine.
    if (this.#seen > 0) sink.onBytes(Buffer.from(PREFACE.subarray(0, this.#seen)), this.#seen);
    sink.onBytes(buffer, length);
  }

  #leave(): void {
    this.#host.wheel.remove(this);
    this.#host.closed(this);
  }

  /** It has shown nothing in time: neither protocol has an answer to that. */
  override onTimer(): void {
    this.destroy();
  }

  onEnd(): void {
    this.destroy();
  }

  onClose(): void {
    this.#leave();
  }

  drain(): void {
    this.destroy();
  }

  destroy(): void {
    this.#transport.destroy();
  }

  onDrain(): void {
    // Nothing has been written.
  }

  nextReadBuffer(): null {
    return null;
  }
}
