/**
 * The first part of a connection to a TLS port: reads the ClientHello, finds the listener, and then either makes the
 * handshake or passes the connection on undecrypted.
 *
 * ```
 *   bytes ──> ClientHelloReader ──> findTarget ──┬─> https        handshake, then HTTP
 *                                               ├─> terminate    handshake, then relay
 *                                               └─> passthrough  relay, beginning with the ClientHello
 * ```
 */
import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { HttpListener, TlsListener } from '../../ir/listener.ts';
import { TimerEntry, type TimerWheel } from './timer-wheel.ts';
import { ClientHelloReader, type ClientHello } from './client-hello.ts';
import { transportOver, type SocketTransport } from './socket-transport.ts';
import type { TlsCounters, TlsFailure } from './tls-failure.ts';
import { findTarget, type RelayTarget, type Terminated, type TlsPort, type TlsTarget } from './tls-port.ts';
import type { HandshakeEvents, TlsTerminator } from './tls-terminator.ts';
import { DISCARDING_SINK, type ByteSink, type Transport } from './transport.ts';

/** A connection with its listener. Its transport has no sink yet: the receiver sets one. */
export type TlsAccepted<Rule> = (
  | {
      readonly kind: 'https';
      readonly listener: HttpListener;
      /** The protocol that ALPN selected; null when the client did not offer any. */
      readonly applicationProtocol: string | null;
      /** Reads the client's certificate, which was validated; null: the client has none that is valid. */
      readonly readCertificate: (() => X509Certificate | null) | null;
    }
  | {
      readonly kind: 'relay';
      readonly listener: TlsListener;
      readonly rule: Rule;
      /** Bytes read already, to be sent before anything else; null after a handshake. */
      readonly firstBytes: Buffer | null;
    }
) & { readonly transport: Transport; readonly serverName: string | null };

/** State that all connections of a port share. */
export interface TlsIntakeDeps {
  readonly counters: TlsCounters;
  readonly terminator: TlsTerminator;
  readonly wheel: TimerWheel;
  /** From the first wait for the ClientHello to the end of the handshake; 0 = no limit. */
  readonly handshakeTimeoutMs: number;
}

export interface TlsIntakeEvents<Rule> {
  onAccepted(connection: TlsAccepted<Rule>): void;
  /** For the log; the connection is closed and counted. */
  onRefused(failure: TlsFailure, detail: string, serverName: string | null): void;
}

/** Alerts of RFC 8446 section 6.2, each a fatal one in a record of its own. */
const ALERT_DECODE_ERROR = 50;
const ALERT_INTERNAL_ERROR = 80;
const ALERT_UNRECOGNIZED_NAME = 112;

/** Time limit for a refused client to close. */
const LINGER_MS = 1_000;

/** For a browser that was sent to `http://host:443`. */
const PLAIN_TEXT = 'This port speaks HTTPS. Use https:// in the URL.\n';
const PLAIN_ANSWER = Buffer.from(
  'HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\nconnection: close\r\n' +
    `content-length: ${PLAIN_TEXT.length}\r\n\r\n${PLAIN_TEXT}`,
);
const PLAIN_REQUEST = /^(?:GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH) /;

/** Reads the ClientHello of a connection and performs the handshake, if TLS is terminated. One of `events` follows. */
export function receiveTls<Rule>(
  transport: SocketTransport,
  port: TlsPort<Rule>,
  deps: TlsIntakeDeps,
  events: TlsIntakeEvents<Rule>,
): void {
  const { wheel, handshakeTimeoutMs } = deps;
  const intake = new TlsIntake(transport, port, deps, events);
  if (handshakeTimeoutMs > 0) wheel.schedule(intake, wheel.now() + handshakeTimeoutMs);
  transport.sink = intake;
}

class TlsIntake<Rule> extends TimerEntry implements ByteSink, HandshakeEvents {
  readonly #transport: SocketTransport;
  readonly #port: TlsPort<Rule>;
  readonly #deps: TlsIntakeDeps;
  readonly #events: TlsIntakeEvents<Rule>;
  readonly #reader = new ClientHelloReader();
  #hello: ClientHello | null = null;
  #target: TlsTarget<Rule> | null = null;
  #isOver = false;

  constructor(
    transport: SocketTransport,
    port: TlsPort<Rule>,
    deps: TlsIntakeDeps,
    events: TlsIntakeEvents<Rule>,
  ) {
    super();
    this.#transport = transport;
    this.#port = port;
    this.#deps = deps;
    this.#events = events;
  }

  onBytes(buffer: Buffer, length: number): void {
    if (this.#isOver) return;
    const result = this.#reader.push(buffer, length);
    switch (result.kind) {
      case 'incomplete':
        return;
      case 'hello':
        this.#onHello(result.hello);
        return;
      case 'not-tls':
        this.#refuse('not_tls', 'first bytes of another protocol', this.#plainAnswer());
        return;
      case 'malformed':
        this.#refuse('malformed_hello', result.detail, alert(ALERT_DECODE_ERROR));
        return;
      case 'too-large':
        this.#refuse('hello_too_large', 'more than 64 KiB', alert(ALERT_DECODE_ERROR));
    }
  }

  onEnd(): void {
    if (this.#isOver) this.#transport.destroy();
    this.#refuse('client_closed', 'closed before the ClientHello was complete', null);
  }

  onDrain(): void {
    // Only an alert or a short response is written here.
  }

  onClose(error: Error | null): void {
    this.#deps.wheel.remove(this);
    this.#refuse('client_closed', error?.message ?? 'closed before the ClientHello was complete', null);
  }

  nextReadBuffer(): null {
    return null;
  }

  override onTimer(): void {
    if (this.#isOver) this.#transport.destroy();
    this.#refuse('timeout', this.#hello === null ? 'waiting for the ClientHello' : 'in the handshake', null);
  }

  #onHello(hello: ClientHello): void {
    this.#hello = hello;
    const target = findTarget(this.#port, hello.serverName);
    if (target === null) {
      const failure = hello.serverName === null ? 'no_server_name' : 'unknown_server_name';
      // If TLSRoutes are served, a connection that none of them matches is rejected silently, as the conformance
      // tests require; an HTTPS client gets an alert.
      const answer = this.#port.isHttpsOnly ? alert(ALERT_UNRECOGNIZED_NAME) : null;
      this.#refuse(failure, 'no listener has the name', answer);
      return;
    }
    if (target.terminated !== null) {
      this.#target = target;
      this.#startHandshake(target.terminated, hello);
    } else if (target.kind === 'relay') {
      this.#passThrough(target, hello);
    }
  }

  #passThrough({ listener, rule }: RelayTarget<Rule>, { serverName }: ClientHello): void {
    this.#finish();
    this.#deps.counters.passedThrough++;
    this.#transport.sink = DISCARDING_SINK;
    const firstBytes = this.#reader.bytes;
    this.#events.onAccepted({
      kind: 'relay',
      transport: this.#transport,
      listener,
      rule,
      serverName,
      firstBytes,
    });
  }

  #startHandshake(terminated: Terminated, { serverName }: ClientHello): void {
    const socket = this.#transport.detach(this.#reader.bytes);
    this.#deps.terminator.start(socket, terminated, serverName, this);
  }

  onSecure(socket: TLSSocket): void {
    const target = this.#target;
    if (this.#isOver || target === null) {
      socket.destroy();
      return;
    }
    this.#finish();
    const { counters } = this.#deps;
    counters.handshakes++;
    if (socket.isSessionReused()) counters.resumed++;
    const transport = transportOver(socket, DISCARDING_SINK, true);
    const serverName = this.#hello?.serverName ?? null;
    const { kind, listener } = target;
    if (kind === 'relay') {
      const { rule } = target;
      this.#events.onAccepted({ kind, transport, listener, rule, serverName, firstBytes: null });
    } else {
      const applicationProtocol = socket.alpnProtocol === false ? null : socket.alpnProtocol;
      const readCertificate = socket.authorized ? () => socket.getPeerX509Certificate() ?? null : null;
      this.#events.onAccepted({
        kind,
        transport,
        listener,
        serverName,
        applicationProtocol,
        readCertificate,
      });
    }
  }

  onHandshakeFailure(failure: TlsFailure, detail: string): void {
    this.#refuse(failure, detail, failure === 'no_certificate' ? alert(ALERT_INTERNAL_ERROR) : null);
  }

  #plainAnswer(): Buffer | null {
    const start = this.#reader.bytes.toString('latin1', 0, 16);
    return this.#port.isHttpsOnly && PLAIN_REQUEST.test(start) ? PLAIN_ANSWER : null;
  }

  #finish(): void {
    this.#isOver = true;
    this.#deps.wheel.remove(this);
  }

  /** Counts and logs the failure, sends `answer` if there is one, and closes. */
  #refuse(failure: TlsFailure, detail: string, answer: Buffer | null): void {
    if (this.#isOver) return;
    this.#finish();
    this.#deps.counters.countFailure(failure);
    const transport = this.#transport;
    if (answer === null) {
      transport.sink = DISCARDING_SINK;
      transport.destroy();
    } else {
      // What the client still sends is read and dropped until it closes too: closing over unread bytes would reset the
      // connection, and the client might not see the response.
      const { wheel } = this.#deps;
      wheel.schedule(this, wheel.now() + LINGER_MS);
      transport.sink = this;
      transport.enqueue(answer);
      transport.end();
      transport.resume();
    }
    this.#events.onRefused(failure, detail, this.#hello?.serverName ?? null);
  }
}

function alert(description: number): Buffer {
  return Buffer.from([21, 3, 3, 0, 2, 2, description]);
}
