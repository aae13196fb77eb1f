/**
 * TLS servers of Node.js that never listen: each has one OpenSSL context and gets accepted connections. They are created
 * for the first client, cached by their settings, and dropped after thousands of others have been used: a
 * configuration with ten thousand certificates costs memory for those that are in use. A server outlives its place here
 * as long as connections use it, so that no change of configuration breaks one.
 */
import { constants, createHash } from 'node:crypto';
import { createServer, type Server, type TlsOptions } from 'node:tls';
import type { Certificate, ListenerTls } from '../../ir/tls.ts';
import { deriveTicketKeys, ticketEpoch } from './tls-tickets.ts';

/** AEAD suites with forward secrecy only ("intermediate" of Mozilla's recommendations, less the finite-field ones). */
export const DEFAULT_CIPHER_SUITES: readonly string[] = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
];

/** Contexts kept; each holds about 40 KiB outside the JavaScript heap. */
const CONTEXTS = 2_048;
const SESSION_TIMEOUT_SECONDS = 2 * 3_600;
/** Renegotiation is refused. A client that prefers ChaCha20 has no AES hardware, and gets ChaCha20. */
const SECURE_OPTIONS = constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_PRIORITIZE_CHACHA;

/** How one listener terminates TLS. */
export interface Termination {
  /**
   * Names the listener across changes of its configuration. Sessions are resumed within one domain only, so a session that was made without
   * a client certificate opens no listener that demands one.
   */
  readonly domain: string;
  readonly tls: ListenerTls;
}

interface Context {
  readonly server: Server;
  readonly ticketDomain: string;
  epoch: number;
}

/** Values computed once per termination, because every handshake needs them. */
interface Derived {
  readonly settingsDigest: string;
  readonly ticketDomain: string;
}

export class TlsContexts {
  readonly #contexts = new Map<string, Context>();
  readonly #digests = new WeakMap<Certificate, string>();
  readonly #derived = new WeakMap<Termination, Derived>();
  readonly #ticketSecret: Buffer;
  readonly #now: () => number;
  /** Called once for each new server, to attach event listeners. */
  readonly #prepare: (server: Server) => void;

  constructor(ticketSecret: Buffer, prepare: (server: Server) => void, now: () => number = Date.now) {
    this.#ticketSecret = ticketSecret;
    this.#prepare = prepare;
    this.#now = now;
  }

  get size(): number {
    return this.#contexts.size;
  }

  /** Throws OpenSSL's error if the certificates or settings cannot be used. */
  serverFor(termination: Termination, certificates: readonly Certificate[]): Server {
    const derived = this.#derive(termination);
    const digests = certificates.map((certificate) => this.#digestOf(certificate));
    const key = `${derived.settingsDigest} ${digests.join(' ')}`;
    const known = this.#contexts.get(key);
    const context = known ?? this.#make(termination.tls, certificates, derived.ticketDomain);
    if (known !== undefined) this.#contexts.delete(key);
    this.#contexts.set(key, context);
    if (this.#contexts.size > CONTEXTS) this.#dropOldest();
    const epoch = ticketEpoch(this.#now());
    if (context.epoch !== epoch) {
      context.epoch = epoch;
      context.server.setTicketKeys(deriveTicketKeys(this.#ticketSecret, context.ticketDomain, epoch));
    }
    return context.server;
  }

  #make(tls: ListenerTls, certificates: readonly Certificate[], ticketDomain: string): Context {
    const server = createServer(serverOptions(tls, certificates, ticketDomain));
    staple(server, certificates);
    this.#prepare(server);
    return { server, ticketDomain, epoch: -1 };
  }

  #dropOldest(): void {
    const oldest = this.#contexts.keys().next();
    if (oldest.done !== true) this.#contexts.delete(oldest.value);
  }

  #derive(termination: Termination): Derived {
    let derived = this.#derived.get(termination);
    if (derived === undefined) {
      const { domain, tls } = termination;
      derived = {
        settingsDigest: digest(JSON.stringify([domain, { ...tls, certificates: [] }])),
        // Another set of client CAs is another domain: clients must be verified again.
        ticketDomain: digest(JSON.stringify([domain, tls.clientValidation])),
      };
      this.#derived.set(termination, derived);
    }
    return derived;
  }

  #digestOf(certificate: Certificate): string {
    let known = this.#digests.get(certificate);
    if (known === undefined) {
      const { certificatePem, keyPem, ocspResponse } = certificate;
      known = digest(`${certificatePem}\0${keyPem.reveal()}\0${ocspResponse ?? ''}`);
      this.#digests.set(certificate, known);
    }
    return known;
  }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}

function serverOptions(
  tls: ListenerTls,
  certificates: readonly Certificate[],
  ticketDomain: string,
): TlsOptions {
  const suites = tls.cipherSuites.length > 0 ? tls.cipherSuites : DEFAULT_CIPHER_SUITES;
  return {
    cert: certificates.map((certificate) => certificate.certificatePem),
    key: certificates.map((certificate) => certificate.keyPem.reveal()),
    // Always pass an array: Node treats undefined or '' as the default public CAs.
    ca: tls.clientValidation === null ? [] : [tls.clientValidation.caPem],
    requestCert: tls.clientValidation !== null,
    rejectUnauthorized: tls.clientValidation?.mode === 'required',
    minVersion: tls.minVersion,
    maxVersion: tls.maxVersion,
    ciphers: suites.join(':'),
    honorCipherOrder: true,
    secureOptions: SECURE_OPTIONS,
    ...(tls.alpn.length > 0 ? { ALPNProtocols: [...tls.alpn] } : {}),
    // OpenSSL takes 32 bytes at most.
    sessionIdContext: ticketDomain.slice(0, 32),
    sessionTimeout: SESSION_TIMEOUT_SECONDS,
  };
}

/**
 * An OCSP response belongs to one certificate, and it is not known which of several OpenSSL will pick: staples
 * are sent only if there is one certificate.
 */
function staple(server: Server, certificates: readonly Certificate[]): void {
  const [only] = certificates;
  if (only === undefined || certificates.length > 1 || only.ocspResponse === null) return;
  const response = Buffer.from(only.ocspResponse, 'base64');
  server.on(
    'OCSPRequest',
    (_certificate: Buffer, _issuer: Buffer, answer: (error: Error | null, response: Buffer) => void) => {
      answer(null, response);
    },
  );
}
