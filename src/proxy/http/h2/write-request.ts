/** A request for a backend over HTTP/2: rendered to fields once, encoded anew for each connection it is tried on. */
import type { FieldList } from '../head.ts';
import { HEADER_IDS, HeaderId, headerIdOf, isConnectionLevel } from '../header-id.ts';
import { nameHash } from '../name-hash.ts';
import type { OutgoingRequest, PreparedRequest } from '../outgoing.ts';
import { formatRequestId } from '../request-id.ts';
import type { FieldWriter } from './field-writer.ts';

/** Never copied: they have another form here, or are the gateway's to say. */
const DROPS = new Uint8Array(HEADER_IDS);
for (const id of [
  HeaderId.host,
  HeaderId.xForwardedFor,
  HeaderId.xForwardedProto,
  HeaderId.xForwardedHost,
  HeaderId.xForwardedPort,
  HeaderId.forwarded,
  HeaderId.xRealIp,
  HeaderId.proxy,
  HeaderId.xSluiceReason,
]) {
  DROPS[id] = 1;
}
/** Of a WebSocket handshake: HTTP/2 has its own (RFC 8441 section 5). */
const HANDSHAKE = new Set(['sec-websocket-key']);

export class H2PreparedRequest implements PreparedRequest {
  /** Names and values in turn, pseudo-header fields first. */
  readonly fields: readonly string[];
  readonly isHead: boolean;
  /** An extended CONNECT (RFC 8441). */
  readonly isTunnel: boolean;

  constructor(request: OutgoingRequest) {
    this.isHead = request.method === 'HEAD';
    this.isTunnel = request.head.upgrade !== '';
    this.fields = renderFields(request, this.isTunnel);
  }

  write(writer: FieldWriter): void {
    const { fields } = this;
    for (let index = 0; index < fields.length; index += 2) {
      writer.field(fields[index] as string, fields[index + 1] as string);
    }
  }

  release(): void {
    // Strings: nothing to give back.
  }
}

export const prepareHttp2 = (request: OutgoingRequest): H2PreparedRequest => new H2PreparedRequest(request);

function renderFields(request: OutgoingRequest, isTunnel: boolean): string[] {
  const { head, edits } = request;
  const target = request.target ?? (head.query === '' ? head.path : `${head.path}?${head.query}`);
  const authority = edits.authority ?? request.authority ?? head.authority;
  const fields = [
    ':method',
    isTunnel ? 'CONNECT' : request.method,
    ':scheme',
    request.scheme,
    ':path',
    target,
  ];
  if (authority !== '') fields.push(':authority', authority);
  if (isTunnel) fields.push(':protocol', head.upgrade);
  copyFields(request, head, fields);
  for (const { name, value } of edits.append) fields.push(name.toLowerCase(), value);
  addForwarding(request, fields);
  for (const { name, value } of request.extra ?? []) fields.push(name.toLowerCase(), value);
  if (request.bodyBytes !== null) fields.push('content-length', String(request.bodyBytes));
  return fields;
}

function copyFields(
  { edits, requestNumber, bodyBytes }: OutgoingRequest,
  head: FieldList,
  to: string[],
): void {
  for (let index = 0; index < head.count; index++) {
    const id = head.id(index);
    const name = head.name(index);
    // TE: trailers may cross, and gRPC wants it to.
    if (id === HeaderId.te) {
      if (head.value(index).toLowerCase().includes('trailers')) to.push('te', 'trailers');
      continue;
    }
    if (isConnectionLevel(id) || DROPS[id] === 1 || edits.dropIds[id] === 1 || HANDSHAKE.has(name)) continue;
    if (id === HeaderId.xRequestId && requestNumber >= 0) continue;
    if (bodyBytes !== null && (id === HeaderId.contentLength || id === HeaderId.expect)) continue;
    if (edits.dropNames.length > 0) {
      const hash = nameHash(name);
      if (edits.dropNames.some((dropped) => dropped.hash === hash && dropped.name === name)) continue;
    }
    to.push(name, head.value(index));
  }
}

/** What the rule's filters drop of these is the user's to say. */
function addForwarding(
  { edits, forwarding, forwardedHost, requestNumber }: OutgoingRequest,
  to: string[],
): void {
  const { dropIds } = edits;
  for (const { name, value } of forwarding.fields) if (dropIds[headerIdOf(name)] === 0) to.push(name, value);
  if (dropIds[HeaderId.xForwardedHost] === 0) to.push('x-forwarded-host', forwardedHost);
  if (dropIds[HeaderId.forwarded] === 0) to.push('forwarded', forwarding.forwarded(forwardedHost));
  if (requestNumber >= 0 && dropIds[HeaderId.xRequestId] === 0)
    to.push('x-request-id', formatRequestId(requestNumber));
}
