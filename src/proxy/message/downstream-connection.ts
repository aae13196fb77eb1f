/** The properties of the client connection that an exchange can use, for any protocol. */
import type { X509Certificate } from 'node:crypto';
import type { ClientLimits } from '../../ir/client-limits.ts';
import type { ProxySettings } from '../../ir/gateway-config.ts';
import type { ListenerId } from '../../ir/ids.ts';
import { cidrError } from '../../lib/cidr.ts';
import { CidrSet } from '../../lib/cidr-set.ts';
import { parseSubjectAltName, type AltName } from '../../lib/subject-alt-name.ts';
import type { ProxiedPeers } from '../net/proxy-protocol.ts';
import { ForwardingFields } from './forwarding-fields.ts';

export interface ConnectionInfo {
  /** The client: the peer's address, or the one in a trusted PROXY header. */
  readonly clientAddress: string;
  readonly clientPort: number;
  /** Both ends, for backends that get a PROXY header. */
  readonly peers: ProxiedPeers;
  readonly scheme: 'http' | 'https';
  /** The port of the listener, not a mapped one. */
  readonly listenerPort: number;
  /** SNI in lower case; null without TLS or without SNI. */
  readonly serverName: string | null;
  /** The listener whose TLS settings the handshake was made with; null on cleartext connections. */
  readonly tlsListener: ListenerId | null;
  /** Reads the client's certificate if the handshake has validated one; null: there is no TLS, or no valid certificate. */
  readonly readCertificate: (() => X509Certificate | null) | null;
  /** The settings of the port when the connection was opened: a change applies to later connections. */
  readonly limits: ClientLimits;
}

export class DownstreamConnection {
  readonly info: ConnectionInfo;
  /** Cleartext, and the protocol is not known yet. */
  mayBeHttp2: boolean;
  #forwarding: ForwardingFields | null = null;
  #certificateNames: readonly AltName[] | null | undefined;
  #trustSettings: ProxySettings | null = null;
  #isTrusted = false;

  constructor(info: ConnectionInfo) {
    this.info = info;
    this.mayBeHttp2 = info.scheme === 'http';
  }

  /** Forwarding fields of every request on this connection whose client is not trusted; rendered once. */
  get forwarding(): ForwardingFields {
    const { clientAddress, scheme } = this.info;
    this.#forwarding ??= new ForwardingFields({
      forwardedFor: clientAddress,
      client: clientAddress,
      peer: clientAddress,
      scheme,
      peerScheme: scheme,
      earlier: '',
      port: '',
    });
    return this.#forwarding;
  }

  /** Alternative names of the client's validated certificate; null: there is none. */
  get certificateNames(): readonly AltName[] | null {
    if (this.#certificateNames === undefined) {
      const certificate = this.info.readCertificate?.() ?? null;
      this.#certificateNames =
        certificate === null ? null : parseSubjectAltName(certificate.subjectAltName ?? '');
    }
    return this.#certificateNames;
  }

  /** True if the peer is in the Gateway's `trustedCidrs`: its forwarding fields are then trusted. */
  isTrustedBy(settings: ProxySettings): boolean {
    if (this.#trustSettings !== settings) {
      this.#trustSettings = settings;
      this.#isTrusted = settings.trustedCidrs.length > 0 && isInside(settings, this.info.clientAddress);
    }
    return this.#isTrusted;
  }
}

const trusted = new WeakMap<ProxySettings, CidrSet>();

/** True when `address` lies in one of the Gateway's `trustedCidrs`. Text that is not an address lies in none. */
export function isInside(settings: ProxySettings, address: string): boolean {
  let set = trusted.get(settings);
  if (set === undefined) {
    // They were validated as input; an invalid one matches no peer.
    set = new CidrSet(settings.trustedCidrs.filter((cidr) => cidrError(cidr) === null));
    trusted.set(settings, set);
  }
  return set.has(address);
}
