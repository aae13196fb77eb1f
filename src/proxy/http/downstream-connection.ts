/** What an exchange may know of the connection its request came on, whatever the protocol. */
import { BlockList, isIPv6 } from 'node:net';
import type { ProxySettings } from '../../ir/gateway-config.ts';
import type { ListenerId } from '../../ir/ids.ts';
import type { HeaderField } from '../../ir/filter.ts';

export interface ConnectionInfo {
  /** The client: the peer's address, or what a trusted PROXY header said. */
  readonly clientAddress: string;
  readonly clientPort: number;
  readonly scheme: 'http' | 'https';
  /** The port users dial: the listener's, not a mapped one. */
  readonly listenerPort: number;
  /** SNI in lower case; null without TLS or without SNI. */
  readonly serverName: string | null;
  /** The listener whose TLS settings the handshake was made with; null on cleartext connections. */
  readonly tlsListener: ListenerId | null;
}

/** Fields in both forms that writers want. */
export interface ForwardingFields {
  /** X-Forwarded-For, X-Forwarded-Proto, X-Real-IP. */
  readonly fields: readonly HeaderField[];
  /** `fields` as HTTP/1.1 lines, each with its CRLF. */
  readonly lines: Buffer;
  /** Value of Forwarded up to and including `host=`; the writer adds the host, quoted. */
  readonly forwardedPrefix: string;
  /** `forwarded: ` and `forwardedPrefix` as bytes. */
  readonly forwardedLine: Buffer;
}

export class DownstreamConnection {
  readonly info: ConnectionInfo;
  #forwarding: ForwardingFields | null = null;
  #trustSettings: ProxySettings | null = null;
  #isTrusted = false;

  constructor(info: ConnectionInfo) {
    this.info = info;
  }

  /** Forwarding fields of every request on this connection whose client is not trusted; rendered once. */
  get forwarding(): ForwardingFields {
    this.#forwarding ??= edgeForwarding(this.info);
    return this.#forwarding;
  }

  /** True when the peer is in the Gateway's `trustedCidrs`: its forwarding fields are then believed. */
  isTrustedBy(settings: ProxySettings): boolean {
    if (this.#trustSettings !== settings) {
      this.#trustSettings = settings;
      this.#isTrusted = settings.trustedCidrs.length > 0 && isInside(settings, this.info.clientAddress);
    }
    return this.#isTrusted;
  }
}

const blockLists = new WeakMap<ProxySettings, BlockList>();

/** True when `address` lies in one of the Gateway's `trustedCidrs`. Anything that is no address lies in none. */
export function isInside(settings: ProxySettings, address: string): boolean {
  let list = blockLists.get(settings);
  if (list === undefined) {
    list = toBlockList(settings.trustedCidrs);
    blockLists.set(settings, list);
  }
  return list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

/** CIDRs are validated where they enter; one that is not valid is trusted by nobody. */
function toBlockList(cidrs: readonly string[]): BlockList {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [address = '', length = isIPv6(address) ? '128' : '32'] = cidr.split('/');
    try {
      list.addSubnet(address, Number(length), isIPv6(address) ? 'ipv6' : 'ipv4');
    } catch {
      continue;
    }
  }
  return list;
}

/** A node identifier of RFC 7239: IPv6 addresses are bracketed and quoted. */
function forwardedNode(address: string): string {
  return isIPv6(address) ? `"[${address}]"` : address;
}

export interface ForwardingFacts {
  /** The whole X-Forwarded-For value. */
  readonly forwardedFor: string;
  /** The address that counts as the client's. */
  readonly client: string;
  /** The address that the connection came from. */
  readonly peer: string;
  readonly scheme: string;
  /** What Forwarded said before us; `` for nothing. */
  readonly earlier: string;
}

function edgeForwarding({ clientAddress, scheme }: ConnectionInfo): ForwardingFields {
  return renderForwarding({
    forwardedFor: clientAddress,
    client: clientAddress,
    peer: clientAddress,
    scheme,
    earlier: '',
  });
}

export function renderForwarding(facts: ForwardingFacts): ForwardingFields {
  const fields = [
    { name: 'x-forwarded-for', value: facts.forwardedFor },
    { name: 'x-forwarded-proto', value: facts.scheme },
    { name: 'x-real-ip', value: facts.client },
  ];
  const element = `for=${forwardedNode(facts.peer)};proto=${facts.scheme};host=`;
  const forwardedPrefix = facts.earlier === '' ? element : `${facts.earlier}, ${element}`;
  return {
    fields,
    lines: Buffer.from(fields.map((field) => `${field.name}: ${field.value}\r\n`).join(''), 'latin1'),
    forwardedPrefix,
    forwardedLine: Buffer.from(`forwarded: ${forwardedPrefix}`, 'latin1'),
  };
}
