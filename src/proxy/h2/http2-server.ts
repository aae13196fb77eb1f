/** The HTTP/2 server of a proxy, and protocol detection by the first bytes of a cleartext connection. */
import type { ByteSink, Transport } from '../net/transport.ts';
import type { DownstreamConnection } from '../message/downstream-connection.ts';
import type { ServerConnection, ServerHost } from '../message/server-host.ts';
import { TimerEntry } from '../net/timer-wheel.ts';
import { PREFACE } from '../message/http2-preface.ts';
import { H2ServerConnection } from './server-connection.ts';

/** Takes the transport over: becomes its sink. After ALPN has chosen `h2`, or when the preface was seen. */
export function acceptHttp2(transport: Transport, connection: DownstreamConnection, host: ServerHost): void {
  const server = new H2ServerConnection(host, transport, connection);
  transport.sink = server;
  server.start();
}

/**
 * Prior knowledge (RFC 9113 section 3.3): a client that speaks HTTP/2 begins with a preface that no HTTP/1.1 request can be. Takes the
 * transport over until its client has shown which of the two it speaks; `accept` then gives it to its engine.
 */
export function detectHttp2(
  transport: Transport,
  host: ServerHost,
  headTimeoutMs: number,
  accept: (isHttp2: boolean) => void,
): void {
  const detection = new ProtocolDetection(transport, host, accept);
  transport.sink = detection;
  if (headTimeoutMs > 0) host.wheel.schedule(detection, host.wheel.now() + headTimeoutMs);
  host.opened(detection);
}

class ProtocolDetection extends TimerEntry implements ByteSink, ServerConnection {
  readonly #host: ServerHost;
  readonly #transport: Transport;
  readonly #accept: (isHttp2: boolean) => void;
  #seen = 0;

  constructor(transport: Transport, host: ServerHost, accept: (isHttp2: boolean) => void) {
    super();
    this.#transport = transport;
    this.#host = host;
    this.#accept = accept;
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

  /** It has sent nothing in time: neither protocol has a response to that. */
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
