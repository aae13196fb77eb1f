/** Renders the head of an answer for a client. */
import { UNKNOWN_LENGTH, type ResponseHead } from '../message/head.ts';
import type { HeaderField } from '../../ir/filter.ts';
import type { HeadEdits } from '../message/head-edits.ts';
import { HeaderId } from '../message/header-id.ts';
import { reasonPhrase } from '../message/reason-phrase.ts';
import { webSocketAccept } from '../message/websocket.ts';
import { BodyFraming } from './body-reader.ts';
import { HeadWriter, dropTable, sizeOfExtra, sizeOfFields } from './head-writer.ts';
import { MessageWriter } from './message-writer.ts';
import { H1ResponseHead } from './response-head.ts';

const DROPS = dropTable([HeaderId.xSluiceReason]);
/** 1xx and 204 have no Content-Length (RFC 9110 section 8.6). */
const BODILESS_DROPS = dropTable([HeaderId.xSluiceReason, HeaderId.contentLength]);

/** An HTTP/2 backend that opens a tunnel does not know the client's key. */
const TUNNEL_DROPS = dropTable([HeaderId.xSluiceReason, HeaderId.contentLength, HeaderId.secWebSocketAccept]);

function dropsOf({ status }: ResponseHead, isOwnKind: boolean): Uint8Array {
  if (status === 101 && !isOwnKind) return TUNNEL_DROPS;
  return status === 204 || status < 200 ? BODILESS_DROPS : DROPS;
}

const CHUNKED_LINE = Buffer.from('transfer-encoding: chunked\r\n', 'latin1');
const EMPTY_LINE = Buffer.from('content-length: 0\r\n', 'latin1');
const CLOSE_LINE = Buffer.from('connection: close\r\n', 'latin1');
const KEEP_ALIVE_LINE = Buffer.from('connection: keep-alive\r\n', 'latin1');
const UPGRADE_LINE = Buffer.from('connection: upgrade\r\n', 'latin1');
const FIXED_BYTES = 256;

/** Fields that the connection adds to a head. */
export interface ResponseOptions {
  /** The client's version is HTTP/1.`minor`. */
  readonly minor: number;
  /** The connection closes after this answer. */
  readonly close: boolean;
  /** Protocol that a 101 switches to; `` otherwise. */
  readonly upgrade: string;
  /** Sec-WebSocket-Key of a WebSocket request. */
  readonly webSocketKey: string;
}

/** How the body of an answer is framed for this client. */
export function responseFraming(head: ResponseHead, minor: number): BodyFraming {
  if (!head.hasBody) return BodyFraming.none;
  if (head.contentLength !== UNKNOWN_LENGTH) return BodyFraming.length;
  return minor === 1 ? BodyFraming.chunked : BodyFraming.connection;
}

const heads = new HeadWriter();

export class ResponseWriter extends MessageWriter {
  /** Writes the head; nothing leaves before the writer is flushed. */
  head(
    head: ResponseHead,
    edits: HeadEdits,
    extra: readonly HeaderField[] | null,
    options: ResponseOptions,
  ): void {
    const isOwnKind = head instanceof H1ResponseHead;
    const own = isOwnKind ? head.to - head.from : sizeOfFields(head);
    const out = this.reserve(own + edits.appendLines.length + sizeOfExtra(extra) + FIXED_BYTES);
    heads.begin(out, this.position, dropsOf(head, isOwnKind), edits);
    if (isOwnKind) copyHead(head);
    else writeHead(head);
    if (edits.appendLines.length > 0) heads.bytes(edits.appendLines);
    if (extra !== null) heads.extra(extra);
    writeConnectionLevel(head, options);
    heads.crlf();
    this.advance(heads.at);
  }
}

function copyHead(head: H1ResponseHead): void {
  const keepsLine = head.minor === 1 && head.lineIsPlain;
  if (!keepsLine) writeStatusLine(head.status);
  heads.copyLines(head.fields, keepsLine ? head.from : head.fields.from);
}

function writeHead(head: ResponseHead): void {
  writeStatusLine(head.status);
  heads.copyFields(head);
}

function writeStatusLine(status: number): void {
  heads.textLine(`HTTP/1.1 ${status} ${reasonPhrase(status)}`);
}

function writeConnectionLevel(head: ResponseHead, options: ResponseOptions): void {
  if (options.upgrade !== '') {
    heads.bytes(UPGRADE_LINE);
    heads.field('upgrade', options.upgrade);
    if (options.upgrade === 'websocket' && !(head instanceof H1ResponseHead)) {
      heads.field('sec-websocket-accept', webSocketAccept(options.webSocketKey));
    }
    return;
  }
  if (head.status < 200) return;
  if (responseFraming(head, options.minor) === BodyFraming.chunked) heads.bytes(CHUNKED_LINE);
  // In HTTP/2, END_STREAM on the head already says so.
  const isUndeclared = !head.hasBody && head.contentLength === UNKNOWN_LENGTH;
  if (isUndeclared && !(head instanceof H1ResponseHead)) heads.bytes(EMPTY_LINE);
  if (options.close) heads.bytes(CLOSE_LINE);
  else if (options.minor === 0) heads.bytes(KEEP_ALIVE_LINE);
}
