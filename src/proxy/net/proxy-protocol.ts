/**
 * PROXY protocol, versions 1 and 2, as HAProxy's `proxy-protocol.txt` specifies it: a header before the first byte of a
 * connection in which a load balancer describes the client. Read from trusted peers, and
 * written to backends that are configured for it.
 */
import { formatIp, mapIp, parseIp, unmapIp } from '../../lib/ip-address.ts';
import type { TransportAddress } from './transport.ts';

/** Who opened the connection, and the address that it dialed. */
export interface ProxiedPeers {
  readonly source: TransportAddress;
  readonly destination: TransportAddress;
  /** The client has closed its connection; absent where that is not known. */
  readonly isGone?: boolean;
}

export type ProxyHeaderResult =
  | { readonly kind: 'incomplete' }
  /** The first bytes are not a PROXY header. */
  | { readonly kind: 'absent' }
  /** The header has `length` bytes. `peers` is null if it has no addresses (LOCAL, UNKNOWN, UNSPEC). */
  | { readonly kind: 'header'; readonly length: number; readonly peers: ProxiedPeers | null }
  | { readonly kind: 'malformed'; readonly detail: string };

/** A header has addresses and a few TLVs; a larger one is an attempt to exhaust memory. */
export const MAX_PROXY_HEADER_BYTES = 16_384;

const V1_START = Buffer.from('PROXY ');
const V1_MAX_BYTES = 107;
const V2_SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const V2_FIXED_BYTES = 16;

const INCOMPLETE: ProxyHeaderResult = { kind: 'incomplete' };

/** Reads the header at the start of `bytes`: all that was received so far. The same result for any split. */
export function readProxyHeader(bytes: Buffer): ProxyHeaderResult {
  if (startsLike(bytes, V1_START)) return bytes.length < V1_START.length ? INCOMPLETE : readV1(bytes);
  if (startsLike(bytes, V2_SIGNATURE)) return bytes.length < V2_FIXED_BYTES ? INCOMPLETE : readV2(bytes);
  return { kind: 'absent' };
}

function startsLike(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length);
  return bytes.compare(start, 0, length, 0, length) === 0;
}

function readV1(bytes: Buffer): ProxyHeaderResult {
  const window = bytes.subarray(0, V1_MAX_BYTES);
  const end = window.indexOf('\r\n');
  if (end < 0) return window.length < V1_MAX_BYTES ? INCOMPLETE : malformed('no line end within 107 bytes');
  const length = end + 2;
  const words = window.toString('latin1', V1_START.length, end).split(' ');
  // What follows UNKNOWN is to be ignored up to the line's end.
  if (words[0] === 'UNKNOWN') return { kind: 'header', length, peers: null };
  const family = words[0] === 'TCP4' ? 4 : words[0] === 'TCP6' ? 16 : 0;
  if (family === 0) return malformed('unknown protocol in a version 1 header');
  if (words.length !== 5) return malformed('a version 1 header has two addresses and two ports');
  const source = textAddress(words[1], words[3], family);
  const destination = textAddress(words[2], words[4], family);
  if (source === null || destination === null) return malformed('bad address or port in a version 1 header');
  return { kind: 'header', length, peers: { source, destination } };
}

function textAddress(
  text: string | undefined,
  portText: string | undefined,
  family: number,
): TransportAddress | null {
  if (text === undefined || portText === undefined || !/^(?:0|[1-9]\d{0,4})$/.test(portText)) return null;
  const bytes = parseIp(text);
  const port = Number(portText);
  if (bytes === null || port > 65_535 || text.includes(':') !== (family === 16)) return null;
  return { address: formatIp(bytes), port };
}

const LOCAL = 0;
const PROXY = 1;
/** Bytes of both addresses and ports by address family: unspecified, IPv4, IPv6, Unix. */
const ADDRESS_BYTES: readonly number[] = [0, 12, 36, 216];

function readV2(bytes: Buffer): ProxyHeaderResult {
  const command = bytes.readUInt8(12);
  const transport = bytes.readUInt8(13);
  const payload = bytes.readUInt16BE(14);
  if (command >> 4 !== 2 || (command & 15) > PROXY) return malformed('unknown version or command');
  const addressBytes = ADDRESS_BYTES[transport >> 4];
  if (addressBytes === undefined || (transport & 15) > 2)
    return malformed('unknown address family or protocol');
  const length = V2_FIXED_BYTES + payload;
  if (length > MAX_PROXY_HEADER_BYTES) return malformed('header longer than 16,384 bytes');
  if ((command & 15) === PROXY && payload < addressBytes) return malformed('no room for the addresses');
  if (bytes.length < length) return INCOMPLETE;
  if ((command & 15) === LOCAL) return { kind: 'header', length, peers: null };
  if (!tlvsAreWhole(bytes.subarray(V2_FIXED_BYTES + addressBytes, length))) return malformed('truncated TLV');
  // A Unix or unspecified peer has no usable address.
  const half = addressBytes === 12 ? 4 : addressBytes === 36 ? 16 : 0;
  if (half === 0) return { kind: 'header', length, peers: null };
  const at = V2_FIXED_BYTES;
  const peers: ProxiedPeers = {
    source: binaryAddress(bytes, at, half, at + 2 * half),
    destination: binaryAddress(bytes, at + half, half, at + 2 * half + 2),
  };
  return { kind: 'header', length, peers };
}

function binaryAddress(bytes: Buffer, at: number, length: number, portAt: number): TransportAddress {
  const address = formatIp(unmapIp([...bytes.subarray(at, at + length)]));
  return { address, port: bytes.readUInt16BE(portAt) };
}

/** TLVs are not used, but must be well-formed to distinguish a header from noise. */
function tlvsAreWhole(bytes: Buffer): boolean {
  let at = 0;
  while (bytes.length - at >= 3) at += 3 + bytes.readUInt16BE(at + 1);
  return at === bytes.length;
}

function malformed(detail: string): ProxyHeaderResult {
  return { kind: 'malformed', detail };
}

/**
 * The header to send before the first byte of a connection to a backend. null for `peers`: the connection is the
 * gateway's own, for example a health check. Peers of two families are both written as IPv6.
 */
export function writeProxyHeader(version: 'v1' | 'v2', peers: ProxiedPeers | null): Buffer {
  const source = peers === null ? null : parseIp(peers.source.address);
  const destination = peers === null ? null : parseIp(peers.destination.address);
  if (peers === null || source === null || destination === null) {
    return version === 'v1' ? Buffer.from('PROXY UNKNOWN\r\n') : v2Header(0x20, 0x00, []);
  }
  const mixed = source.length !== destination.length;
  const from = mixed ? mapIp(source) : source;
  const to = mixed ? mapIp(destination) : destination;
  const ports = [peers.source.port, peers.destination.port] as const;
  if (version === 'v1') {
    const family = from.length === 4 ? 'TCP4' : 'TCP6';
    return Buffer.from(
      `PROXY ${family} ${formatIp(from)} ${formatIp(to)} ${String(ports[0])} ${String(ports[1])}\r\n`,
    );
  }
  const payload = [...from, ...to, ...ports.flatMap((port) => [port >> 8, port & 0xff])];
  return v2Header(0x21, from.length === 4 ? 0x11 : 0x21, payload);
}

function v2Header(command: number, transport: number, payload: readonly number[]): Buffer {
  return Buffer.from([
    ...V2_SIGNATURE,
    command,
    transport,
    payload.length >> 8,
    payload.length & 0xff,
    ...payload,
  ]);
}
