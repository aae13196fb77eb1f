/**
 * Fields that tell a backend about the client (X-Forwarded-*, Forwarded, X-Real-IP, X-Request-Id). Any client can send them, so
 * so received values are used only from a peer in the Gateway's `trustedCidrs`; its chain is then continued.
 */
import { isIP } from 'node:net';
import type { ProxySettings } from '../../ir/gateway-config.ts';
import { isInside, type DownstreamConnection } from './downstream-connection.ts';
import { ForwardingFields } from './forwarding-fields.ts';
import { HeaderId } from './header-id.ts';
import { joinedValue, type RequestHead } from './head.ts';

const PORT = /^[1-9][0-9]{0,4}$/;
/** A client's request id is kept when it is well-formed: short, visible characters, no spaces. */
const REQUEST_ID = /^[!-~]{1,128}$/;

export interface ClientClaims {
  readonly forwarding: ForwardingFields;
  readonly forwardedHost: string;
  /** The scheme that the client itself uses. */
  readonly scheme: 'http' | 'https';
  /** The address that is used as the client's. */
  readonly clientAddress: string;
  /** The client's own X-Request-Id; null = the gateway generates one. */
  readonly requestId: string | null;
}

/** For a request whose peer is trusted. */
export function believe(
  head: RequestHead,
  connection: DownstreamConnection,
  settings: ProxySettings,
): ClientClaims {
  const { clientAddress: peer, scheme } = connection.info;
  const chain = joinedValue(head, 'x-forwarded-for');
  const client = clientOf(chain ?? '', peer, settings);
  const proto = joinedValue(head, 'x-forwarded-proto')?.toLowerCase();
  const clientScheme = proto === 'http' || proto === 'https' ? proto : scheme;
  const requestId = joinedValue(head, 'x-request-id');
  const port = joinedValue(head, 'x-forwarded-port') ?? '';
  const forwarding = new ForwardingFields({
    forwardedFor: chain === undefined || chain === '' ? peer : `${chain}, ${peer}`,
    client,
    peer,
    scheme: clientScheme,
    peerScheme: scheme,
    earlier: joinedValue(head, 'forwarded') ?? '',
    port: PORT.test(port) ? port : '',
  });
  return {
    forwarding,
    forwardedHost: joinedValue(head, 'x-forwarded-host') ?? head.authority,
    scheme: clientScheme,
    clientAddress: client,
    requestId: requestId !== undefined && REQUEST_ID.test(requestId) ? requestId : null,
  };
}

/** The nearest address of the chain that is not a trusted proxy's: hops beyond it cannot be trusted. */
function clientOf(chain: string, peer: string, settings: ProxySettings): string {
  let client = peer;
  const hops = chain.split(',');
  for (let index = hops.length - 1; index >= 0; index--) {
    const address = addressOf(hops[index] ?? '');
    if (address === '') return client;
    client = address;
    if (!isInside(settings, address)) return client;
  }
  return client;
}

/** An element of X-Forwarded-For without port, brackets and white space; `` when it is no address. */
function addressOf(element: string): string {
  const text = element.trim();
  if (isIP(text) !== 0) return text;
  const found = /^(?:\[([0-9a-f:.]+)\](?::\d+)?|([0-9.]+):\d+)$/i.exec(text);
  const address = found?.[1] ?? found?.[2] ?? '';
  return isIP(address) === 0 ? '' : address;
}

/** The first value of traceparent, for the access log; `` without one. It is forwarded unchanged, like any other field. */
export function traceparentOf(head: RequestHead): string {
  for (let index = 0; index < head.count; index++) {
    if (head.id(index) === HeaderId.traceparent) return head.value(index);
  }
  return '';
}
