/** A request for a backend over HTTP/2: put together once, encoded anew for each connection it is tried on. */
import type { HeaderField } from '../../../ir/filter.ts';
import { fieldValueOctets } from '../field-value.ts';
import type { FieldList } from '../head.ts';
import { HEADER_IDS, HeaderId, headerIdOf, isConnectionLevel } from '../header-id.ts';
import type { OutgoingRequest, PreparedRequest } from '../outgoing.ts';
import { formatRequestId } from '../request-id.ts';
import { entryAt } from './field-entries.ts';
import { isNameDropped, type FieldWriter } from './field-writer.ts';
import type { HeaderEntry } from './hpack/entry.ts';

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
  // A WebSocket handshake has another form (RFC 8441 section 5).
  HeaderId.secWebSocketKey,
]) {
  DROPS[id] = 1;
}
/** With a body that is not the client's. */
const BODY_DROPS = Uint8Array.from(DROPS);
for (const id of [HeaderId.contentLength, HeaderId.expect, HeaderId.trailer]) BODY_DROPS[id] = 1;

const TRAILERS = /(?:^|[\s,])trailers(?:$|[\s,;])/i;

export class H2PreparedRequest implements PreparedRequest {
  readonly isHead: boolean;
  /** An extended CONNECT (RFC 8441). */
  readonly isTunnel: boolean;
  /** Names and values in turn: pseudo-header fields. */
  readonly #pseudo: readonly string[];
  /** Fields of the client that stay. */
  readonly #copied: readonly HeaderEntry[];
  /** Names and values in turn: fields of the gateway and its configuration. */
  readonly #added: readonly string[];

  constructor(request: OutgoingRequest) {
    const { method, head } = request;
    this.isHead = method === 'HEAD';
    this.isTunnel = head.upgrade !== '';
    this.#pseudo = pseudoFields(request);
    this.#copied = copiedFields(request, head);
    this.#added = addedFields(request);
  }

  write(fields: FieldWriter): void {
    writePairs(fields, this.#pseudo);
    for (const entry of this.#copied) fields.entry(entry);
    writePairs(fields, this.#added);
  }

  release(): void {
    // Strings: nothing to give back.
  }
}

export const prepareHttp2 = (request: OutgoingRequest): H2PreparedRequest => new H2PreparedRequest(request);

function writePairs(fields: FieldWriter, pairs: readonly string[]): void {
  for (let index = 0; index < pairs.length; index += 2) {
    fields.field(pairs[index] as string, pairs[index + 1] as string);
  }
}

function pseudoFields({ head, method, scheme, target, edits, ...request }: OutgoingRequest): string[] {
  const path = target ?? (head.query === '' ? head.path : `${head.path}?${head.query}`);
  const authority = edits.authority ?? request.authority ?? head.authority;
  const isTunnel = head.upgrade !== '';
  const fields = [':method', isTunnel ? 'CONNECT' : method, ':scheme', scheme, ':path', path];
  if (authority !== '') fields.push(':authority', authority);
  if (isTunnel) fields.push(':protocol', head.upgrade);
  return fields;
}

function copiedFields({ edits, requestNumber, bodyBytes }: OutgoingRequest, head: FieldList): HeaderEntry[] {
  const dropIds = bodyBytes === null ? DROPS : BODY_DROPS;
  const entries: HeaderEntry[] = [];
  for (let index = 0; index < head.count; index++) {
    const id = head.id(index);
    if (dropIds[id] === 1 || edits.dropIds[id] === 1 || isConnectionLevel(id)) continue;
    if (id === HeaderId.xRequestId && requestNumber >= 0) continue;
    const entry = entryAt(head, index);
    if (!isNameDropped(entry.name, edits)) entries.push(entry);
  }
  return entries;
}

function addedFields(request: OutgoingRequest): string[] {
  const { head, edits, bodyBytes, extra } = request;
  const fields: string[] = [];
  // TE is connection-level, but gRPC wants to see that trailers get through, which they do.
  if (edits.dropIds[HeaderId.te] === 0 && asksForTrailers(head)) fields.push('te', 'trailers');
  push(fields, edits.append);
  addForwarding(request, fields);
  if (extra !== null) push(fields, extra);
  if (bodyBytes !== null) fields.push('content-length', String(bodyBytes));
  return fields;
}

function asksForTrailers(head: FieldList): boolean {
  for (let index = 0; index < head.count; index++) {
    if (head.id(index) === HeaderId.te && TRAILERS.test(head.value(index))) return true;
  }
  return false;
}

function push(fields: string[], added: readonly HeaderField[]): void {
  for (const { name, value } of added) fields.push(name.toLowerCase(), fieldValueOctets(value));
}

/** What the rule's filters drop of these is the user's to say. */
function addForwarding(request: OutgoingRequest, fields: string[]): void {
  const { forwarding, forwardedHost, requestNumber } = request;
  const { dropIds, dropsForwarding } = request.edits;
  for (const { name, value } of forwarding.fields) {
    if (!dropsForwarding || dropIds[headerIdOf(name)] === 0) fields.push(name, value);
  }
  if (dropIds[HeaderId.xForwardedHost] === 0) fields.push('x-forwarded-host', forwardedHost);
  if (dropIds[HeaderId.forwarded] === 0) fields.push('forwarded', forwarding.forwarded(forwardedHost));
  if (requestNumber >= 0 && dropIds[HeaderId.xRequestId] === 0) {
    fields.push('x-request-id', formatRequestId(requestNumber));
  }
}
