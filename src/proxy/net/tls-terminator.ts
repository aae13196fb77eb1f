/** The server side of handshakes: takes a cleartext socket whose ClientHello was already read, and returns a TLS one. */
import type { Socket } from 'node:net';
import type { Server, TLSSocket } from 'node:tls';
import type { CertificateChoice } from './tls-certificates.ts';
import { TlsContexts, type Termination } from './tls-contexts.ts';
import { classifyHandshakeError, type TlsFailure } from './tls-failure.ts';

export interface HandshakeEvents {
  /** The handshake is complete, and the client's certificate is verified if required. */
  onSecure(socket: TLSSocket): void;
  /** The handshake failed. The socket is destroyed, or will be. */
  onHandshakeFailure(failure: TlsFailure, detail: string): void;
}

export class TlsTerminator {
  readonly #contexts: TlsContexts;
  /** By the cleartext socket underneath. */
  readonly #pending = new WeakMap<Socket, HandshakeEvents>();

  /** `ticketSecret`: the same bytes in every worker, at least 32. */
  constructor(ticketSecret: Buffer, now: () => number = Date.now) {
    this.#contexts = new TlsContexts(ticketSecret, (server) => this.#listen(server), now);
  }

  /** OpenSSL contexts held. */
  get contexts(): number {
    return this.#contexts.size;
  }

  /**
   * Starts a handshake on `socket`, whose bytes so far were un-read with `unshift`. One event follows, unless the caller
   * destroys the socket.
   */
  start(
    socket: Socket,
    by: { readonly termination: Termination; readonly choice: CertificateChoice },
    serverName: string | null,
    events: HandshakeEvents,
  ): void {
    const certificates = by.choice.choose(serverName);
    if (certificates.length === 0) {
      events.onHandshakeFailure('no_certificate', 'the listener has no certificate');
      return;
    }
    let server: Server;
    try {
      server = this.#contexts.serverFor(by.termination, certificates);
    } catch (error) {
      events.onHandshakeFailure('no_certificate', describe(error));
      return;
    }
    this.#pending.set(socket, events);
    server.emit('connection', socket);
  }

  #listen(server: Server): void {
    server.on('secureConnection', (socket: TLSSocket) => {
      const events = this.#take(socket);
      if (events === null) socket.destroy();
      else events.onSecure(socket);
    });
    server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: TLSSocket) => {
      const events = this.#take(socket);
      socket.destroy();
      const { authorizationError } = socket as { readonly authorizationError?: unknown };
      const verification = typeof authorizationError === 'string' ? authorizationError : null;
      const failure = classifyHandshakeError(error.code ?? '', verification);
      events?.onHandshakeFailure(failure, verification ?? describe(error));
    });
  }

  /** The owner of this handshake. `_parent` is the underlying socket in every Node.js since 0.12. */
  #take(socket: TLSSocket): HandshakeEvents | null {
    const { _parent: underneath } = socket as { readonly _parent?: Socket };
    if (underneath === undefined) return null;
    const events = this.#pending.get(underneath) ?? null;
    this.#pending.delete(underneath);
    return events;
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}
