/** Renders a request for a backend once; all attempts send the same bytes. */
import { UNKNOWN_LENGTH } from '../message/head.ts';
import { HeaderId, REPLACED_IDS } from '../message/header-id.ts';
import { REQUEST_ID_START } from '../message/forwarding-fields.ts';
import type { OutgoingRequest, PreparedRequest } from '../message/outgoing.ts';
import { writeRequestCount } from '../message/request-id.ts';
import { sizedBuffers } from '../message/sized-buffers.ts';
import { newWebSocketKey, webSocketAccept } from '../message/websocket.ts';
import { BodyFraming } from './body-reader.ts';
import { HeadWriter, dropTable, sizeOfFields } from './head-writer.ts';
import { H1RequestHead } from './request-head.ts';

const DROPS_HOST = 1;
const DROPS_REQUEST_ID = 2;
const DROPS_BODY = 4;
const DROPS_EXPECT = 8;
/** By the sum of what else is left out. */
const DROPS: readonly Uint8Array[] = Array.from({ length: 16 }, (_, which) =>
  dropTable([
    ...REPLACED_IDS,
    ...((which & DROPS_HOST) === 0 ? [] : [HeaderId.host]),
    ...((which & DROPS_REQUEST_ID) === 0 ? [] : [HeaderId.xRequestId]),
    ...((which & DROPS_BODY) === 0 ? [] : [HeaderId.contentLength, HeaderId.trailer]),
    ...((which & DROPS_EXPECT) === 0 ? [] : [HeaderId.expect]),
  ]),
);

const EMPTY_LINE = Buffer.from('content-length: 0\r\n', 'latin1');
const CHUNKED_LINE = Buffer.from('transfer-encoding: chunked\r\n', 'latin1');
/** Names, line ends and fixed lines that are written besides what is counted. */
const FIXED_BYTES = 512;

export class H1PreparedRequest implements PreparedRequest {
  readonly buffer: Buffer;
  length = 0;
  readonly framing: BodyFraming;
  readonly contentLength: number;
  readonly isHead: boolean;
  /** Protocol asked for by Upgrade; `` for none. */
  readonly upgrade: string;
  /** The expected Sec-WebSocket-Accept for a key that the gateway generated; `` = the client checks it. */
  webSocketAccept = '';
  /** A write of `buffer` is pending: it cannot be reused. */
  isPinned = false;

  constructor(request: OutgoingRequest, bytes: number) {
    const { head } = request;
    this.buffer = sizedBuffers.take(bytes);
    this.contentLength = request.bodyBytes ?? head.contentLength;
    this.isHead = request.method === 'HEAD';
    this.upgrade = request.upgrade;
    const hasBody = request.bodyBytes === null ? head.hasBody : request.bodyBytes > 0;
    if (!hasBody) this.framing = BodyFraming.none;
    else this.framing = this.contentLength === UNKNOWN_LENGTH ? BodyFraming.chunked : BodyFraming.length;
  }

  release(): void {
    if (!this.isPinned) sizedBuffers.release(this.buffer);
  }
}

const writer = new HeadWriter();

export function renderRequest(request: OutgoingRequest): H1PreparedRequest {
  const prepared = new H1PreparedRequest(request, sizeOfRequest(request));
  const { head, edits } = request;
  const authority = edits.authority ?? request.authority;
  const keepsHost = authority === null && head instanceof H1RequestHead && head.authority !== '';
  writer.begin(prepared.buffer, 0, dropsFor(request, keepsHost), edits);
  if (head instanceof H1RequestHead) copyHead(request, head);
  else writeHead(request);
  if (!keepsHost) writer.field('host', authority ?? head.authority);
  if (edits.append.length > 0) writer.bytes(edits.appendLines);
  if (edits.dropsForwarding) writeRemainingForwarding(request);
  else writeForwarding(request);
  writeFraming(request, prepared);
  if (request.upgrade !== '') writeUpgrade(request, prepared);
  writer.crlf();
  prepared.length = writer.at;
  return prepared;
}

function dropsFor(request: OutgoingRequest, keepsHost: boolean): Uint8Array {
  const which =
    (keepsHost ? 0 : DROPS_HOST) |
    (request.requestNumber < 0 ? 0 : DROPS_REQUEST_ID) |
    (request.bodyBytes === null ? 0 : DROPS_BODY) |
    (request.sendsExpect ? 0 : DROPS_EXPECT);
  return DROPS[which] as Uint8Array;
}

function writeFraming(request: OutgoingRequest, prepared: H1PreparedRequest): void {
  if (request.bodyBytes !== null) writer.field('content-length', String(request.bodyBytes));
  else if (prepared.framing === BodyFraming.chunked) writer.bytes(CHUNKED_LINE);
  else if (prepared.framing === BodyFraming.none && lacksLength(request)) writer.bytes(EMPTY_LINE);
}

/** A method with content has a Content-Length even if it is 0 (RFC 9110 section 8.6). HTTP/2 clients may omit it. */
function lacksLength({ method, head }: OutgoingRequest): boolean {
  if (method !== 'POST' && method !== 'PUT' && method !== 'PATCH') return false;
  for (let index = 0; index < head.count; index++) {
    if (head.id(index) === HeaderId.contentLength) return false;
  }
  return true;
}

function sizeOfRequest(request: OutgoingRequest): number {
  const { head, forwarding } = request;
  const own = head instanceof H1RequestHead ? head.to - head.from : sizeOfFields(head);
  const line = request.method.length + head.path.length + head.query.length + (request.target ?? '').length;
  const authority = request.edits.authority ?? request.authority ?? head.authority;
  const given = forwarding.sizeFor(request.forwardedHost) + request.edits.appendLines.length;
  return own + line + authority.length + given + FIXED_BYTES;
}

/** Fast path: unchanged lines, including the request line, are copied as received. */
function copyHead(request: OutgoingRequest, head: H1RequestHead): void {
  const keepsLine =
    request.target === null &&
    !head.pathChanged &&
    head.targetIsOrigin &&
    head.line.minor === 1 &&
    request.method === head.method;
  if (!keepsLine) writeRequestLine(request);
  writer.copyLines(head.fields, keepsLine ? head.from : head.fields.from);
}

function writeHead(request: OutgoingRequest): void {
  writeRequestLine(request);
  writer.copyFields(request.head);
}

function writeRequestLine(request: OutgoingRequest): void {
  const { head } = request;
  const target = request.target ?? (head.query === '' ? head.path : `${head.path}?${head.query}`);
  writer.textLine(`${request.method} ${target} HTTP/1.1`);
}

function writeForwarding(request: OutgoingRequest): void {
  const { forwarding, forwardedHost, requestNumber } = request;
  const lines = requestNumber < 0 ? null : forwarding.allLines(forwardedHost);
  if (lines !== null) writer.bytes(lines);
  else writer.text(forwarding.linesFor(forwardedHost) + (requestNumber < 0 ? '' : REQUEST_ID_START));
  if (requestNumber >= 0) writeRequestIdEnd(requestNumber);
}

/** The rule's filters set or remove some of these fields; the gateway writes only the others. */
function writeRemainingForwarding(request: OutgoingRequest): void {
  const { dropIds } = request.edits;
  for (const field of request.forwarding.fields) {
    if (dropIds[field.id] === 0) writer.field(field.name, field.value);
  }
  if (dropIds[HeaderId.xForwardedHost] === 0) writer.field('x-forwarded-host', request.forwardedHost);
  if (dropIds[HeaderId.forwarded] === 0) {
    writer.field('forwarded', request.forwarding.forwarded(request.forwardedHost));
  }
  if (dropIds[HeaderId.xRequestId] === 1 || request.requestNumber < 0) return;
  writer.text(REQUEST_ID_START);
  writeRequestIdEnd(request.requestNumber);
}

function writeRequestIdEnd(requestNumber: number): void {
  writer.at = writeRequestCount(writer.buffer, writer.at, requestNumber);
  writer.crlf();
}

/** `Connection: upgrade`. A request that came over HTTP/2 has no WebSocket key, so it gets one (RFC 8441 section 5). */
function writeUpgrade(request: OutgoingRequest, prepared: H1PreparedRequest): void {
  const { upgrade } = request;
  writer.field('connection', 'upgrade');
  writer.field('upgrade', upgrade);
  if (upgrade === 'websocket' && request.head.header('sec-websocket-key') === undefined) {
    const key = newWebSocketKey();
    writer.field('sec-websocket-key', key);
    prepared.webSocketAccept = webSocketAccept(key);
  }
}
