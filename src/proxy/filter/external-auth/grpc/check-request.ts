/** CheckRequest of envoy.service.auth.v3: what an auth server learns about a request. */
import { isUtf8 } from 'node:buffer';
import type { HeaderField } from '../../../../ir/filter.ts';
import type { ConnectionInfo } from '../../../message/downstream-connection.ts';
import type { RequestHead } from '../../../message/head.ts';
import { CONNECTION_LEVEL_IDS, HeaderId, REPLACED_IDS, idTable } from '../../../message/header-id.ts';
import { MessageBuilder } from './wire.ts';

export interface Checked {
  readonly head: RequestHead;
  readonly connection: ConnectionInfo;
  /** What a trusted proxy before us says, else the peer's. */
  readonly clientAddress: string;
  /** Names in lower case; empty = all. */
  readonly allowedHeaders: readonly string[];
  /** What the gateway says of the client, in place of what the client says itself. */
  readonly vouched: readonly HeaderField[];
  readonly requestId: string;
  /** The body as far as it is forwarded; empty = none. */
  readonly body: Buffer;
  /** Since the epoch. */
  readonly nowMs: number;
}

/** The message, in the frame that gRPC gives it. */
export function checkRequest(checked: Checked): Buffer {
  const { connection, clientAddress } = checked;
  const attributes = new MessageBuilder()
    .bytes(1, peer(clientAddress, connection.clientPort))
    .bytes(2, peer('', connection.listenerPort))
    .bytes(4, request(checked));
  if (connection.serverName !== null) {
    attributes.bytes(12, new MessageBuilder().text(1, connection.serverName).build());
  }
  return framed(new MessageBuilder().bytes(1, attributes.build()).build());
}

/** AttributeContext.Peer, with no more than a socket address. */
function peer(address: string, port: number): Buffer {
  const socket = new MessageBuilder();
  if (address !== '') socket.text(2, address);
  socket.integer(3, port);
  return new MessageBuilder().bytes(1, new MessageBuilder().bytes(1, socket.build()).build()).build();
}

function request({ nowMs, ...checked }: Checked): Buffer {
  const time = new MessageBuilder()
    .integer(1, Math.floor(nowMs / 1_000))
    .integer(2, Math.floor(nowMs % 1_000) * 1_000_000);
  return new MessageBuilder().bytes(1, time.build()).bytes(2, httpRequest(checked)).build();
}

function httpRequest(checked: Omit<Checked, 'nowMs'>): Buffer {
  const { head, connection, requestId, body } = checked;
  const { path, query } = head;
  const message = new MessageBuilder().text(1, requestId).text(2, head.method);
  for (const [name, value] of sentHeaders(checked)) {
    message.bytes(3, new MessageBuilder().text(1, name).bytes(2, asUtf8(value)).build());
  }
  message
    .text(4, query === '' ? path : `${path}?${query}`)
    .text(5, head.authority)
    .text(6, connection.scheme);
  if (head.contentLength > 0) message.integer(9, head.contentLength);
  message.text(10, head.version);
  // A string of protocol buffers is UTF-8, and their readers insist.
  if (body.length > 0) message.bytes(isUtf8(body) ? 11 : 12, body);
  return message.build();
}

/** The client's fields, without those that the gateway writes itself. Host is also `:authority`. */
const NOT_COPIED = idTable([
  ...CONNECTION_LEVEL_IDS,
  ...REPLACED_IDS,
  HeaderId.xRequestId,
  HeaderId.host,
  HeaderId.expect,
]);

/** Values of repeated fields joined, as a map has them once. */
function sentHeaders({ head, allowedHeaders, vouched }: Omit<Checked, 'nowMs'>): ReadonlyMap<string, string> {
  const sent = new Map<string, string>(vouched.map(({ name, value }) => [name, value]));
  const isSent = (name: string): boolean => allowedHeaders.length === 0 || allowedHeaders.includes(name);
  if (isSent('host')) sent.set('host', head.authority);
  for (let index = 0; index < head.count; index++) {
    const id = head.id(index);
    const name = head.name(index);
    if (NOT_COPIED[id] === 1 || !isSent(name)) continue;
    const before = sent.get(name);
    const separator = id === HeaderId.cookie ? '; ' : ',';
    sent.set(name, before === undefined ? head.value(index) : before + separator + head.value(index));
  }
  return sent;
}

/** Octets that are no UTF-8 are read as Latin-1. */
function asUtf8(octets: string): Buffer {
  const bytes = Buffer.from(octets, 'latin1');
  return isUtf8(bytes) ? bytes : Buffer.from(octets, 'utf8');
}

function framed(message: Buffer): Buffer {
  const frame = Buffer.alloc(5 + message.length);
  frame.writeUInt32BE(message.length, 1);
  message.copy(frame, 5);
  return frame;
}
