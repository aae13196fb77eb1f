/** The client side of TLS toward the endpoints of one cluster (BackendTLSPolicy; Gateway `tls.backend`). */
import { Socket, isIP, type TcpNetConnectOpts } from 'node:net';
import {
  connect,
  createSecureContext,
  getCACertificates,
  setDefaultCACertificates,
  type ConnectionOptions,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import type { Certificate, UpstreamTls } from '../../ir/tls.ts';
import { checkIdentity } from './upstream-identity.ts';

export interface UpstreamTlsOptions {
  readonly settings: UpstreamTls;
  /** The client certificate that `settings` refers to; null = none. */
  readonly clientCertificate: Certificate | null;
  /** Protocols to offer by ALPN, best first; empty = no ALPN. */
  readonly alpn: readonly string[];
}

/** Maximum number of endpoints with a cached session. */
const SESSIONS = 1_024;

/** Holds the context and the sessions that all connections of a cluster share. */
export class UpstreamTlsClient {
  readonly #options: UpstreamTlsOptions;
  #context: SecureContext | null = null;
  /** By `address:port`: the session to resume there. A session belongs to the identity that was verified when it was created. */
  readonly #sessions = new Map<string, Buffer>();

  constructor(options: UpstreamTlsOptions) {
    this.#options = options;
  }

  /**
   * Dials, or uses `established`, a TCP socket that is connected or connecting. Always returns a socket: settings
   * that OpenSSL rejects make it fail like an unreachable endpoint.
   */
  connect(target: TcpNetConnectOpts, established: Socket | null = null): TLSSocket | Socket {
    const { settings, alpn } = this.#options;
    let secureContext: SecureContext;
    try {
      secureContext = this.#context ??= this.#createContext();
    } catch (error) {
      established?.destroy();
      return failed(error);
    }
    const key = `${target.host ?? ''} ${String(target.port)}`;
    const session = this.#sessions.get(key);
    // `allowHalfOpen` is documented, though @types/node does not have it.
    const options: ConnectionOptions & { readonly allowHalfOpen: true } = {
      ...(established === null ? target : { socket: established }),
      secureContext,
      // SNI holds names only (RFC 6066 section 3).
      ...(isIP(settings.hostname) === 0 ? { servername: settings.hostname } : {}),
      ...(alpn.length === 0 ? {} : { ALPNProtocols: [...alpn] }),
      ...(session === undefined ? {} : { session }),
      allowHalfOpen: true,
      rejectUnauthorized: true,
      checkServerIdentity: (_name, certificate) => checkIdentity(settings, certificate),
    };
    const socket = connect(options);
    socket.on('session', (next: Buffer) => this.#keep(key, next));
    return socket;
  }

  #createContext(): SecureContext {
    const { settings, clientCertificate } = this.#options;
    if (settings.caPem === null) trustSystemAuthorities();
    return createSecureContext({
      minVersion: 'TLSv1.2',
      // Always pass an array: Node treats an empty string as the default public CAs.
      ...(settings.caPem === null ? {} : { ca: [settings.caPem] }),
      ...(clientCertificate === null
        ? {}
        : { cert: clientCertificate.certificatePem, key: clientCertificate.keyPem.reveal() }),
    });
  }

  #keep(key: string, session: Buffer): void {
    this.#sessions.delete(key);
    this.#sessions.set(key, session);
    if (this.#sessions.size <= SESSIONS) return;
    const oldest = this.#sessions.keys().next();
    if (oldest.done !== true) this.#sessions.delete(oldest.value);
  }
}

function failed(error: unknown): Socket {
  return new Socket().destroy(error instanceof Error ? error : new Error(String(error)));
}

let trustsSystem = false;

/**
 * Uses the machine's CAs for every context without its own bundle. They are set for the process and not
 * per context, because OpenSSL then keeps one copy for all clusters. If the machine has none (bare containers), those that
 * are built into Node.js remain.
 */
function trustSystemAuthorities(): void {
  if (trustsSystem) return;
  trustsSystem = true;
  const system = getCACertificates('system');
  if (system.length > 0) setDefaultCACertificates([...system, ...getCACertificates('extra')]);
}
